"""Python's own HTTP clients through the gateway: `python3 client.py PORT HOST`."""

import http.client
import json
import sys
import urllib.request

port, host = int(sys.argv[1]), sys.argv[2]
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
# http.client leaves Host to us where we name it.
named = {"Host": host}


def ask(method, body=None, **more):
    connection.request(method, "/case?a=b", body, named | more.pop("fields", {}), **more)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


told = {
    "get": ask("GET"),
    "head": ask("HEAD"),
    "length": ask("POST", b"hello"),
    "chunks": ask("POST", iter([b"he", b"llo"]), encode_chunked=True, fields={"Transfer-Encoding": "chunked"}),
    "put": ask("PUT", "x" * 100_000)[0],
}
connection.close()
request = urllib.request.Request(f"http://127.0.0.1:{port}/case", b"hello", named)
with urllib.request.urlopen(request, timeout=30) as answer:
    told["urllib"] = (answer.status, answer.read().decode())
print(json.dumps(told))
