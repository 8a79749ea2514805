"""requests and websockets through the gateway: `python3 libraries.py PORT HOST`."""

import asyncio
import json
import sys

import requests
import websockets

port, host = int(sys.argv[1]), sys.argv[2]
url = f"http://127.0.0.1:{port}/case?a=b"


def http():
    with requests.Session() as session:
        # A proxy of the machine's own would be another test.
        session.trust_env = False
        session.headers["Host"] = host

        def ask(method, data=None):
            answer = session.request(method, url, data=data, timeout=30)
            return answer.status_code, answer.text

        return {
            "get": ask("GET"),
            "head": ask("HEAD"),
            "length": ask("POST", b"hello"),
            "chunks": ask("POST", iter([b"he", b"llo"])),
            "form": ask("PUT", {"a": "b c"}),
            "many": sum(ask("GET")[0] == 200 for _ in range(20)),
        }


async def websocket():
    # The name leads to the route, the address to the gateway.
    async with websockets.connect(f"ws://{host}/socket", host="127.0.0.1", port=port, max_size=None) as socket:
        sizes = []
        for size in (0, 5, 70_000, 2_000_000):
            await socket.send("x" * size)
            sizes.append(len(await socket.recv()))
        await socket.ping()
    return {"sizes": sizes, "code": socket.close_code}


print(json.dumps({"requests": http(), "websockets": asyncio.run(websocket())}))
