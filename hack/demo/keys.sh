# shellcheck shell=bash
# Keys and passwords of the demo, made once and kept.

# A password that no shell, SQL or URL has to quote.
password_file() { [ -s "$1" ] || openssl rand -hex 24 | tr -d '\n' >"$1"; }

# usage: login_folder ROLE: a folder with the files username and password.
login_folder() {
  mkdir -p "$SECRETS_DIR/$1"
  printf '%s' "$1" >"$SECRETS_DIR/$1/username"
  password_file "$SECRETS_DIR/$1/password"
}

make_passwords() {
  local role
  for role in postgres shop_web holdfast_physical holdfast_dump; do login_folder "$role"; done
  mkdir -p "$SECRETS_DIR/store"
  local account
  for account in root writer; do
    [ -s "$SECRETS_DIR/store/$account.id" ] || printf '%s-%s' "$account" "$(openssl rand -hex 6)" >"$SECRETS_DIR/store/$account.id"
    password_file "$SECRETS_DIR/store/$account.key"
  done
}

# The keys of the policy, made by the plugin as a user makes them. Who has identity.txt can open the backups: it is not in the cluster.
make_keys() {
  local keys=$SECRETS_DIR/keys parts=$SECRETS_DIR/holdfast
  if [ ! -s "$DEMO_DIR/identity.txt" ]; then
    rm -rf "$keys"
    kubectl holdfast keygen --policy shop/shop --output-dir "$keys" >/dev/null || die "The keys could not be made." "What keygen said stands above."
    mv "$keys/identity.txt" "$DEMO_DIR/identity.txt"
  fi
  # The same, part by part, for the policy and for tests.
  mkdir -p "$parts"
  made_secret holdfast-signing signing.key >"$parts/signing.key"
  made_secret holdfast-state identity >"$parts/state-identity"
  made_secret holdfast-state recipient >"$parts/state-recipient"
  public_part 'age1[02-9ac-hj-np-z]{58}' >"$parts/recipient"
  public_part 'MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=' >"$parts/verification.key"
  public_part '\bid: "?[0-9a-f]{16}' | grep -oE '[0-9a-f]{16}$' | tr -d '\n' >"$parts/verification.id"
}

# What stands in the part of the policy that keygen wrote. usage: public_part PATTERN
public_part() { grep -oE "$1" "$SECRETS_DIR/keys/encryption.yaml" | tr -d '\n'; }

# One value of one of the Secrets that keygen wrote. usage: made_secret NAME KEY
made_secret() {
  kubectl create --dry-run=client -o json -f "$SECRETS_DIR/keys/secrets.yaml" |
    jq -rj --arg name "$1" --arg key "$2" 'if .kind == "List" then .items[] else . end | select(.metadata.name == $name) | .stringData[$key]'
}
