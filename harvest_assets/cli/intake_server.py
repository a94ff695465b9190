"""The web server around the intake: no access log, because an address may hold a secret, and nobody's word for who is asking.

Put it behind a proxy that ends TLS; uvicorn itself waits for slow headers for ever. https://uvicorn.dev/settings/
"""

import uvicorn
from starlette.applications import Starlette

MOST_AT_ONCE = 64


def build_server(app: Starlette, host: str, port: int) -> uvicorn.Server:
    """A server that is not started yet."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            limit_concurrency=MOST_AT_ONCE,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=10,
        )
    )


def serve(app: Starlette, host: str, port: int) -> None:
    """Answer requests until the process is told to stop."""
    build_server(app, host, port).run()
