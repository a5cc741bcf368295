"""Django, psycopg2: 20 lazy requests and 20 eager ones, all at once."""
import os
import socketserver
import threading
import wsgiref.simple_server

import django
from django.conf import settings

from drive import PATHS, drive

settings.configure(
    SECRET_KEY="of a test", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "blog", "USER": os.environ["PGUSER"],
                           "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}})
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402


class Author(models.Model):
    name = models.TextField()

    class Meta:
        app_label, db_table, managed = "blog", "authors", False


class Post(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)

    class Meta:
        app_label, db_table, managed = "blog", "posts", False


def lazy(request):
    authors = Author.objects.order_by("id")
    return JsonResponse([[post.id for post in author.post_set.all()] for author in authors], safe=False)  # N+1


def eager(request):
    authors = Author.objects.order_by("id").prefetch_related("post_set")
    return JsonResponse([[post.id for post in author.post_set.all()] for author in authors], safe=False)


urlpatterns = [path("authors/posts", lazy), path("authors/posts/eager", eager)]


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


server = wsgiref.simple_server.make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
threading.Thread(target=server.serve_forever).start()
drive(server.server_port, PATHS)
server.shutdown()
