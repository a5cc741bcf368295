"""FastAPI, async SQLAlchemy, asyncpg: 20 lazy requests and 20 eager ones, all at once."""
import asyncio
import os
import threading

import fastapi
import uvicorn
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from drive import PATHS, drive

engine = create_async_engine("postgresql+asyncpg://%s@/blog?host=%s&port=%s" % (
    os.environ["PGUSER"], os.environ["PGHOST"], os.environ["PGPORT"]), pool_size=5)
app = fastapi.FastAPI()


@app.get("/authors/posts")
async def lazy():
    async with engine.connect() as connection:
        authors = (await connection.execute(text("select id, name from authors order by id"))).all()
        return [await posts_of(connection, author.id) for author in authors]


async def posts_of(connection, author):
    rows = await connection.execute(text("select id from posts where author_id = :author"), {"author": author})  # N+1
    return [row.id for row in rows]


@app.get("/authors/posts/eager")
async def eager():
    async with engine.connect() as connection:
        authors = (await connection.execute(text("select id, name from authors order by id"))).all()
        posts = await connection.execute(text("select id, author_id from posts where author_id = any(:authors)"),
                                         {"authors": [author.id for author in authors]})
        return [row.id for row in posts]


def main():
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    drive(server.servers[0].sockets[0].getsockname()[1], PATHS)
    server.should_exit = True
    thread.join()


main()
