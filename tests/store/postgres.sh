# Sourced by tests that need a real PostgreSQL server: starts one of their own on loopback, stopped when they end.
# Sets POSTGRES (its URL). Prints SKIP and exits 77 where none is installed.

postgres_folder=$(mktemp -d)

# Runs a program of the server; it refuses to run as root.
as_postgres() (
  cd / # where every user may be
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
)

stop_postgres() {
  [ ! -f "$postgres_folder/data/postmaster.pid" ] ||
    as_postgres "$postgres_programs/pg_ctl" -D "$postgres_folder/data" -m immediate stop > /dev/null || true
  rm -rf "$postgres_folder"
}

start_postgres() {
  postgres_programs=$(dirname "$(find /usr/lib/postgresql /usr/local/pgsql -name initdb -print -quit 2> /dev/null)")
  if [ ! -x "$postgres_programs/initdb" ] || { [ "$(id -u)" = 0 ] && ! id postgres > /dev/null 2>&1; }; then
    echo "SKIP: no PostgreSQL server is installed (package postgresql)"
    exit 77
  fi
  [ "$(id -u)" != 0 ] || chown postgres "$postgres_folder"
  as_postgres "$postgres_programs/initdb" -D "$postgres_folder/data" -U kwsmith --auth=trust -E UTF8 --no-locale -N > /dev/null
  local port
  for _ in 1 2 3 4 5; do # another program may have the port
    port=$((20000 + RANDOM % 20000))
    if as_postgres "$postgres_programs/pg_ctl" -D "$postgres_folder/data" -l "$postgres_folder/log" -w \
      -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=1100 -c fsync=off" start > /dev/null; then
      POSTGRES=postgresql://kwsmith@127.0.0.1:$port/postgres
      return
    fi
  done
  cat "$postgres_folder/log"
  echo "FAIL: the PostgreSQL server does not start"
  exit 1
}
trap stop_postgres EXIT
