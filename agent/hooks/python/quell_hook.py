"""Tells `quell record` where in a Python program database calls come from: call sites of psycopg2, psycopg 3 and
asyncpg, requests of Starlette/FastAPI, Django and Flask, tests of pytest and unittest.

Lines go to the named pipe QUELL_HOOK (docs/record.md, "Call sites"). A line is at most PIPE_BUF bytes, so writes of many
threads and processes do not mix. Where the pipe is full the line is dropped and counted: the program never waits. Every
entry into this file from the program catches whatever goes wrong here."""
import contextvars
import functools
import itertools
import os
import socket
import sys
import time

_MOST_BYTES = 4000  # below PIPE_BUF of Linux, 4096
_MOST_FRAMES = 8  # of the application
_DEEPEST = 200  # frames looked at
_LIBRARY, _APPLICATION, _GREENLETS = 0, 1, 2

_pipe = -1
_token = ""
_dropped = 0
_stacks = {}  # key of the application's frames: id
_files = {}  # co_filename: what it is
_numbers = itertools.count(1)  # of stacks and scopes
_current = contextvars.ContextVar("quell_scope", default=None)
_here = os.path.dirname(os.path.abspath(__file__))
_folder = os.getcwd() + os.sep
_libraries = (os.path.dirname(os.__file__) + os.sep, os.path.join(sys.prefix, "bin") + os.sep,
              os.path.join(sys.base_prefix, "bin") + os.sep, _here + os.sep)


def start():
    global _pipe
    path = os.environ.get("QUELL_HOOK")
    if not path or _pipe >= 0:
        return
    _pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    _new_process()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_new_process)
    sys.meta_path.insert(0, _Finder())


def _new_process():
    """Ids are counted within a process; the token tells processes apart."""
    global _token
    _token = "%x-%x" % (os.getpid(), time.monotonic_ns())
    _stacks.clear()


def _send(*fields):
    global _dropped
    line = "\t".join(fields).encode("utf-8", "replace")[:_MOST_BYTES] + b"\n"
    try:
        if _dropped:
            os.write(_pipe, b"l\t%d\n" % _dropped)
            _dropped = 0
        os.write(_pipe, line)
    except OSError:
        _dropped += 1


def _plain(text):
    return " ".join(str(text).split()) or "-"


# Call sites.


def _kind_of(filename):
    if filename.startswith("<"):
        kind = _LIBRARY
    elif filename.endswith(("/sqlalchemy/util/_concurrency_py3k.py", "/sqlalchemy/util/concurrency.py")):
        kind = _GREENLETS
    elif "/site-packages/" in filename or "/dist-packages/" in filename or filename.startswith(_libraries):
        kind = _LIBRARY
    else:
        kind = _APPLICATION
    _files[filename] = kind
    return kind


def _stack_id(frame):
    """The id of the application's frames of a stack, which is described to the recorder on first sight. 0: none."""
    key = []
    after = None  # where to go on behind the frames of a greenlet
    for _ in range(_DEEPEST):
        if frame is None:
            if after is None:
                break
            frame, after = after, None
            continue
        code = frame.f_code
        filename = code.co_filename
        kind = _files.get(filename)
        if kind is None:
            kind = _kind_of(filename)
        if kind == _APPLICATION:
            key += (filename, code.co_name, frame.f_lineno)
            if len(key) >= 3 * _MOST_FRAMES:
                break
        elif kind == _GREENLETS and code.co_name == "greenlet_spawn" and after is None:
            # SQLAlchemy runs synchronous code in a greenlet and awaits for it here: its frames are the callers.
            inner = getattr(frame.f_locals.get("context"), "gr_frame", None)
            if inner is not None:
                frame, after = inner, frame.f_back
                continue
        frame = frame.f_back
    if not key:
        return 0
    key = tuple(key)
    known = _stacks.get(key)
    if known is None:
        known = next(_numbers)
        fields = ["s", _token, str(known)]
        for at in range(0, len(key), 3):
            filename, function, line = key[at:at + 3]
            if filename.startswith(_folder):
                filename = filename[len(_folder):]
            fields += (_plain(function), _plain(filename), str(line))
            if sum(map(len, fields)) > _MOST_BYTES // 2:
                break
        _send(*fields)
        _stacks[key] = known
    return known


def _address(name):
    """What the proxy sees of a client socket: its port, or the abstract name `quell record` bound it to."""
    if isinstance(name, tuple):
        return "p%d" % name[1]
    if isinstance(name, bytes) and name[:1] == b"\0":
        return "u" + name[1:].decode("ascii", "replace")
    if isinstance(name, str) and name[:1] == "\0":
        return "u" + name[1:]
    return ""


def _address_of_descriptor(descriptor):
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        return _address(copy.getsockname())


def _call(address, frame):
    if address:
        scope = _current.get()
        number = 0 if scope is None or scope.ended else scope.id
        # The stack is described first, and the time taken last: it is what the executions are compared with.
        stack = _stack_id(frame)
        _send("c", address, str(time.monotonic_ns()), _token, str(stack), str(number), "r")


# Scopes.


class _Scope:
    __slots__ = ("id", "kind", "name", "outcome", "ended", "reset")

    def __init__(self, kind, name, traceparent):
        self.id = next(_numbers)
        self.kind = kind
        self.name = name
        self.outcome = 0
        self.ended = False
        parent = _current.get()
        self.reset = _current.set(self)
        _send("b", _token, str(self.id), str(time.monotonic_ns()), kind,
              str(parent.id if parent is not None and not parent.ended else 0), _plain(traceparent or "-"))

    def end(self):
        if self.ended:
            return
        self.ended = True
        _send("e", _token, str(self.id), str(time.monotonic_ns()), str(self.outcome), _plain(self.name)[:1000])
        try:
            _current.reset(self.reset)
        except ValueError:  # ended in another context than it was begun in
            _current.set(None)


def _begin(kind, name, traceparent=None):
    """None where we are in such a scope already, or where something fails."""
    try:
        current = _current.get()
        if current is not None and not current.ended and current.kind == kind:
            return None
        return _Scope(kind, name, traceparent)
    except Exception:
        return None


def _finish(scope, name=None, outcome=None):
    """`name`: text, or what gives it; the one given at the beginning where it is None."""
    try:
        if scope is not None:
            if name is not None:
                scope.name = name() if callable(name) else name
            if outcome is not None:
                scope.outcome = int(outcome)
            scope.end()
    except Exception:
        pass


# Loading: a module is changed when the program imports it.


class _Finder:
    """Finds modules as Python would and changes some of them when they have been loaded."""

    def find_spec(self, name, path=None, target=None):
        patch = _PATCHES.pop(name, None)
        if patch is None:
            return None
        try:
            for finder in sys.meta_path:
                if finder is self:
                    continue
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    self._patch_when_loaded(spec.loader, patch)
                    return spec
            _PATCHES[name] = patch
        except Exception:
            pass
        return None

    @staticmethod
    def _patch_when_loaded(loader, patch):
        load = loader.exec_module

        def exec_module(module):
            load(module)
            try:
                patch(module)
            except Exception:
                pass

        loader.exec_module = exec_module


def _patch_psycopg2(module):
    """Its classes cannot be changed, so connect() makes objects of subclasses. Ours stands behind the program's own
    classes in the order of resolution: what those do to arguments is done before."""
    extensions = sys.modules["psycopg2.extensions"]
    connect = module.connect
    made = {}

    def with_hook(theirs, plain, ours):
        """The program's own factory where it is no class."""
        if theirs is plain or not isinstance(theirs, type):
            return ours if theirs is plain else theirs
        if theirs not in made:
            made[theirs] = type(theirs.__name__, (theirs, ours), {"__module__": theirs.__module__})
        return made[theirs]

    class cursor(extensions.cursor):
        def execute(self, *args, **kwargs):
            _mark(self.connection, sys._getframe(1))
            return super().execute(*args, **kwargs)

        def executemany(self, *args, **kwargs):
            _mark(self.connection, sys._getframe(1))
            return super().executemany(*args, **kwargs)

        def callproc(self, *args, **kwargs):
            _mark(self.connection, sys._getframe(1))
            return super().callproc(*args, **kwargs)

        def copy_expert(self, *args, **kwargs):
            _mark(self.connection, sys._getframe(1))
            return super().copy_expert(*args, **kwargs)

    class connection(extensions.connection):
        def cursor(self, name=None, cursor_factory=None, *args, **kwargs):
            theirs = cursor_factory or self.cursor_factory or extensions.cursor
            try:
                theirs = with_hook(theirs, extensions.cursor, cursor)
            except Exception:
                pass
            return super().cursor(name, theirs, *args, **kwargs)

        def commit(self):
            _mark(self, sys._getframe(1))
            return super().commit()

        def rollback(self):
            _mark(self, sys._getframe(1))
            return super().rollback()

    @functools.wraps(connect)
    def connect_with_hook(dsn=None, connection_factory=None, cursor_factory=None, **kwargs):
        try:
            connection_factory = with_hook(connection_factory or extensions.connection, extensions.connection,
                                           connection)
        except Exception:
            pass
        return connect(dsn, connection_factory=connection_factory, cursor_factory=cursor_factory, **kwargs)

    module.connect = connect_with_hook


def _mark(connection, frame):
    """A connection with fileno(): of psycopg2 and psycopg 3."""
    try:
        address = connection.__dict__.get("_quell_address")
        if address is None:
            address = connection.__dict__["_quell_address"] = _address_of_descriptor(connection.fileno())
        _call(address, frame)
    except Exception:
        pass


def _patch_psycopg(module):
    """Everything that a connection of psycopg 3 sends goes through wait()."""
    wait = module.Connection.wait
    wait_async = module.AsyncConnection.wait

    @functools.wraps(wait)
    def wait_with_hook(self, *args, **kwargs):
        _mark(self, sys._getframe(1))
        return wait(self, *args, **kwargs)

    @functools.wraps(wait_async)
    async def wait_async_with_hook(self, *args, **kwargs):
        _mark(self, sys._getframe(1))
        return await wait_async(self, *args, **kwargs)

    module.Connection.wait = wait_with_hook
    module.AsyncConnection.wait = wait_async_with_hook


def _patch_asyncpg(module):
    """Everything that a connection of asyncpg sends goes through its Protocol."""
    protocol = module.Protocol
    connection_made = protocol.connection_made

    def connection_made_with_hook(self, transport):
        try:
            self._quell_address = _address(transport.get_extra_info("sockname"))
        except Exception:
            pass
        return connection_made(self, transport)

    protocol.connection_made = connection_made_with_hook
    for name in ("query", "execute", "bind_execute", "bind_execute_many", "bind", "copy_in", "copy_out"):
        _patch_asyncpg_call(protocol, name)


def _patch_asyncpg_call(protocol, name):
    original = getattr(protocol, name, None)
    if original is None:
        return

    async def call_with_hook(self, *args, **kwargs):
        try:
            _call(getattr(self, "_quell_address", ""), sys._getframe(1))
        except Exception:
            pass
        return await original(self, *args, **kwargs)

    setattr(protocol, name, functools.wraps(original)(call_with_hook))


def _patch_starlette_application(module):
    call = module.Starlette.__call__

    @functools.wraps(call)
    async def call_with_hook(self, scope, receive, send):
        request = None
        if scope.get("type") == "http":
            request = _begin("r", "%s (no route)" % scope.get("method", "-"), _asgi_header(scope, b"traceparent"))
        if request is None:
            return await call(self, scope, receive, send)

        async def send_with_hook(message):
            if message.get("type") == "http.response.start":
                request.outcome = message.get("status", 0)
            return await send(message)

        try:
            return await call(self, scope, receive, send_with_hook)
        except Exception:
            request.outcome = request.outcome or 500
            raise
        finally:
            _finish(request)

    module.Starlette.__call__ = call_with_hook


def _asgi_header(scope, wanted):
    for name, value in scope.get("headers", ()):
        if name == wanted:
            return value.decode("ascii", "replace")
    return None


def _patch_starlette_routing(module):
    handle = module.Route.handle

    @functools.wraps(handle)
    async def handle_with_hook(self, scope, receive, send):
        try:
            request = _current.get()
            if request is not None and request.kind == "r":
                request.name = "%s %s%s" % (scope.get("method", "-"), scope.get("root_path", ""), self.path)
        except Exception:
            pass
        return await handle(self, scope, receive, send)

    module.Route.handle = handle_with_hook


def _patch_django(module):
    handler = module.BaseHandler
    get_response, get_response_async = handler.get_response, getattr(handler, "get_response_async", None)

    def name_of(request):
        match = getattr(request, "resolver_match", None)
        route = getattr(match, "route", None)
        return "%s %s" % (request.method, "(no route)" if route is None else "/" + route.lstrip("/"))

    def begin(request):
        return _begin("r", "(no route)", getattr(request, "META", {}).get("HTTP_TRACEPARENT"))

    @functools.wraps(get_response)
    def get_response_with_hook(self, request):
        scope = begin(request)
        response = None
        try:
            response = get_response(self, request)
            return response
        finally:
            _finish(scope, functools.partial(name_of, request), getattr(response, "status_code", 500))

    handler.get_response = get_response_with_hook
    if get_response_async is None:
        return

    @functools.wraps(get_response_async)
    async def get_response_async_with_hook(self, request):
        scope = begin(request)
        response = None
        try:
            response = await get_response_async(self, request)
            return response
        finally:
            _finish(scope, functools.partial(name_of, request), getattr(response, "status_code", 500))

    handler.get_response_async = get_response_async_with_hook


def _patch_flask(module):
    dispatch = module.Flask.full_dispatch_request

    @functools.wraps(dispatch)
    def dispatch_with_hook(self, *args, **kwargs):
        scope, name = None, None
        try:
            from flask import request

            rule = getattr(request.url_rule, "rule", None)
            name = "%s %s" % (request.method, rule or "(no route)")
            scope = _begin("r", name, request.headers.get("traceparent"))
        except Exception:
            pass
        response = None
        try:
            response = dispatch(self, *args, **kwargs)
            return response
        finally:
            _finish(scope, name, getattr(response, "status_code", 500))

    module.Flask.full_dispatch_request = dispatch_with_hook


def _patch_pytest(module):
    run = module.runtestprotocol

    @functools.wraps(run)
    def run_with_hook(item, *args, **kwargs):
        scope = _begin("t", item.nodeid)
        reports = []
        try:
            reports = run(item, *args, **kwargs)
            return reports
        finally:
            _finish(scope, None, int(any(getattr(report, "failed", False) for report in reports or ())))

    module.runtestprotocol = run_with_hook


def _patch_unittest(module):
    run = module.TestCase.run

    @functools.wraps(run)
    def run_with_hook(self, result=None):
        scope = _begin("t", self.id())
        if scope is None or result is None:
            _finish(scope)
            return run(self, result)
        before = len(getattr(result, "failures", ())) + len(getattr(result, "errors", ()))
        try:
            return run(self, result)
        finally:
            _finish(scope, None, int(len(getattr(result, "failures", ())) + len(getattr(result, "errors", ())) > before))

    module.TestCase.run = run_with_hook


_PATCHES = {
    "psycopg2": _patch_psycopg2,
    "psycopg": _patch_psycopg,
    "asyncpg.protocol.protocol": _patch_asyncpg,
    "starlette.applications": _patch_starlette_application,
    "starlette.routing": _patch_starlette_routing,
    "django.core.handlers.base": _patch_django,
    "flask.app": _patch_flask,
    "_pytest.runner": _patch_pytest,
    "unittest.case": _patch_unittest,
}
