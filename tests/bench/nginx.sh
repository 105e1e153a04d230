# To be read by run.sh and soak.sh: starts and stops the server. REQUIRES: $work, a folder.
#
# `server_start` makes a certificate for this run and starts nginx on two ports of loopback;
# `server_stop` ends it.

http_port=${HOOKLINE_BENCH_PORT:-18080}
https_port=$((http_port + 363))

server_start() {
  server_certificate
  server_configuration >"$work/nginx.conf"
  nginx -p "$work" -c "$work/nginx.conf" -e "$work/nginx-error.log"
}

server_stop() {
  if [ -f "$work/nginx.pid" ]; then kill "$(cat "$work/nginx.pid")"; fi
}

# An authority, and a server that it vouches for: hookline trusts no certificate that vouches for
# itself.
server_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj "/CN=bench authority" -keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=bench server" \
    -keyout "$work/server.key" -out "$work/server.csr" 2>/dev/null
  printf 'subjectAltName=IP:127.0.0.1,DNS:*.hosts.example.com\n' >"$work/server.ext"
  openssl x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
    -CAcreateserial -days 2 -extfile "$work/server.ext" -out "$work/server.pem" 2>/dev/null
}

server_configuration() {
  cat <<CONFIGURATION
worker_processes 1;
worker_rlimit_nofile 16000;
pid $work/nginx.pid;
error_log $work/nginx-error.log error;
events { worker_connections 8000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_max_body_size 4m;
  client_body_buffer_size 2m;
  client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
  ssl_certificate $work/server.pem;
  ssl_certificate_key $work/server.key;
  ssl_session_cache shared:tls:10m;
  server {
    listen 127.0.0.1:$http_port backlog=4096;
    listen 127.0.0.1:$https_port ssl backlog=4096;
    location / { return 200; }
    location /fail { return 500; }
    location /status { stub_status; }
  }
}
CONFIGURATION
}
