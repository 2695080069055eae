"""Writes 0 into a file while the local Patroni is the leader, and 1 otherwise, for keepalived's track_file.

Arguments: the file, the address of Patroni, the interval in seconds. The file is replaced, never written in place.
Python, since Patroni brings it along: the cheapest honest way to ask 20 times a second.
"""

import http.client
import os
import sys
import time

path, address, interval = sys.argv[1], sys.argv[2], float(sys.argv[3])


def is_leader():
    connection = http.client.HTTPConnection(address, 8008, timeout=0.3)
    try:
        connection.request("OPTIONS", "/primary")
        return connection.getresponse().status == 200
    except OSError:
        return False
    except http.client.HTTPException:
        return False
    finally:
        connection.close()


last = None
while True:
    asked = time.monotonic()
    leader = is_leader()
    if leader != last:
        with open(path + ".new", "w") as file:
            file.write("0" if leader else "1")
        os.rename(path + ".new", path)
        last = leader
    time.sleep(max(0, asked + interval - time.monotonic()))
