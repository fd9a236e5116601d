# shellcheck shell=bash
# A certificate authority of the demo, and certificates of its two servers.

make_authority() {
  [ ! -s "$PKI_DIR/ca.key" ] || return 0
  mkdir -p "$PKI_DIR"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=Holdfast demo CA" \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$PKI_DIR/ca.key" -out "$PKI_DIR/ca.crt" 2>/dev/null
}

# usage: server_certificate NAME HOST...
server_certificate() {
  local name=$1 hosts
  shift
  [ ! -s "$PKI_DIR/$name.crt" ] || return 0
  hosts=$(printf 'DNS:%s,' "$@")
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$PKI_DIR/$name.key" -out "$PKI_DIR/$name.csr" 2>/dev/null
  openssl x509 -req -in "$PKI_DIR/$name.csr" -CA "$PKI_DIR/ca.crt" -CAkey "$PKI_DIR/ca.key" -CAcreateserial -days 825 -out "$PKI_DIR/$name.crt" \
    -extfile <(printf 'subjectAltName=%s\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n' "${hosts%,}") 2>/dev/null
}

make_certificates() {
  make_authority
  server_certificate postgres postgres postgres.shop postgres.shop.svc postgres.shop.svc.cluster.local
  server_certificate store store.shop-store.svc store.shop-store store.shop-store.svc.cluster.local
}
