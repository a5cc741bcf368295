"""Flask, psycopg 3: 20 lazy requests and 20 eager ones, all at once."""
import logging
import threading

import flask
import psycopg
import werkzeug.serving

from drive import PATHS, drive

logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = flask.Flask(__name__)


@app.get("/authors/posts")
def lazy():
    with psycopg.connect("dbname=blog") as connection:
        authors = connection.execute("select id, name from authors order by id").fetchall()
        return [posts_of(connection, author) for author, _ in authors]


def posts_of(connection, author):
    return connection.execute("select id from posts where author_id = %s", (author,)).fetchall()  # N+1


@app.get("/authors/posts/eager")
def eager():
    with psycopg.connect("dbname=blog") as connection:
        authors = connection.execute("select id, name from authors order by id").fetchall()
        return connection.execute("select id, author_id from posts where author_id = any(%s)",
                                  ([author for author, _ in authors],)).fetchall()


server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever).start()
drive(server.server_port, PATHS)
server.shutdown()
