#!/bin/sh
# A callback of Patroni that tells pgvip to ask Patroni now, instead of with its next poll. In Patroni's configuration:
#
#   postgresql:
#     callbacks:
#       on_role_change: /usr/local/lib/node_modules/pgvip/packaging/patroni-callback.sh
#       on_start: /usr/local/lib/node_modules/pgvip/packaging/patroni-callback.sh
#       on_stop: /usr/local/lib/node_modules/pgvip/packaging/patroni-callback.sh
#
# It decides nothing, and it may fail: pgvip polls all the same. PGVIP_NOTIFY_FIFO names another FIFO.

fifo=${PGVIP_NOTIFY_FIFO:-/run/pgvip/notify}

# An agent that was killed leaves its FIFO, and a writer would wait for a reader.
[ -p "$fifo" ] && [ -w "$fifo" ] && timeout 1 sh -c 'echo >"$0"' "$fifo"
exit 0
