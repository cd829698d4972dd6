# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# A web server that says which backend it is, and whose access log counts what it answered.
#
#	GET anything	the backend's name
#	GET /million	a million bytes, which are in LAB_STATE/million
#	GET /slow?rate=N the same, N bytes a second
#	POST /upload	the length of the body, once all of it has arrived
#
# All with the header X-Backend. The access log has a line a request:
#
#	VIP METHOD PATH STATUS CLIENT PORT BYTES-RECEIVED

# nginx_process HOME CONNECTIONS: what a configuration begins with, for one that `start` starts.
nginx_process() {
	echo "daemon off; user root; worker_processes 1; pid $1/nginx.pid; error_log stderr warn;"
	echo "events { worker_connections $2; }"
}

# nginx_folders HOME: in its section `http`, so that nothing is written elsewhere.
nginx_folders() {
	local kind

	echo "client_body_temp_path $1/body;"
	for kind in proxy fastcgi uwsgi scgi; do
		echo "${kind}_temp_path $1/$kind;"
	done
}

# nginx_on NODE
nginx_on() {
	local node=$1 home="$LAB_STATE/$1/nginx"

	mkdir -p "$home"
	[[ -e $LAB_STATE/million ]] || head -c 1000000 /dev/urandom >"$LAB_STATE/million"
	cat >"$home/nginx.conf" <<-END
		$(nginx_process "$home" 1024)
		http {
			$(nginx_folders "$home")
			default_type text/plain;
			client_max_body_size 64m;
			log_format lab '\$server_addr \$request_method \$uri \$status '
				'\$remote_addr \$remote_port \$request_length';

			server {
				listen 80 backlog=1024;
				listen [::]:80 ipv6only=on backlog=1024;
				access_log $home/access.log lab;
				add_header X-Backend $node always;
				location / { return 200 "$node\n"; }
				location = /million { alias $LAB_STATE/million; }
				location = /slow { alias $LAB_STATE/million; limit_rate \$arg_rate; }
				# nginx asks the server below only when it has the whole body.
				location = /upload {
					proxy_pass http://unix:$home/upload.sock;
					proxy_pass_request_body off;
					proxy_set_header Content-Length "";
					proxy_set_header X-Length \$content_length;
				}
			}
			server {
				listen unix:$home/upload.sock;
				access_log off;
				location / { return 200 "\$http_x_length\n"; }
			}
		}
	END
	start "$node" nginx nginx -e stderr -c "$home/nginx.conf"
	wait_ready "$node" nginx "nginx's answer" 10 \
		curl -sf --unix-socket "$home/upload.sock" http://nginx/
}

# nginx_dies NODE...: killed together, with their children, at DIED_US. The kernel refuses whoever comes then.
nginx_dies() {
	local node groups=()

	for node; do
		groups+=("-$(pid_of "$node" nginx)")
	done
	DIED_US=$(now_us)
	kill -KILL -- "${groups[@]}"
	for node; do
		rm -f "$LAB_STATE/$node/nginx/upload.sock"
	done
}

access_log() { echo "$LAB_STATE/$1/nginx/access.log"; }
