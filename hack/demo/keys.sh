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

# usage: age_identity FILE
age_identity() { [ -s "$1" ] || (umask 077 && age-keygen 2>/dev/null >"$1.part" && mv "$1.part" "$1"); }

# The same four things that `kubectl holdfast keygen` makes: the user's identity, the state identity, and the pair for signatures.
make_keys() {
  local folder=$SECRETS_DIR/holdfast
  mkdir -p "$folder"
  # Who has this file can open the backups. It is not in the cluster.
  age_identity "$DEMO_DIR/identity.txt"
  age_identity "$folder/state-identity"
  age-keygen -y "$DEMO_DIR/identity.txt" >"$folder/recipient"
  age-keygen -y "$folder/state-identity" | tr -d '\n' >"$folder/state-recipient"
  [ -s "$folder/signing.key" ] || (umask 077 && openssl genpkey -algorithm ed25519 -out "$folder/signing.key")
  openssl pkey -in "$folder/signing.key" -pubout -outform DER -out "$folder/signing.der"
  base64 -w0 "$folder/signing.der" >"$folder/verification.key"
  sha256sum "$folder/signing.der" | cut -c1-16 >"$folder/verification.id"
}
