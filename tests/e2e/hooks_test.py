"""quell record on small applications as people write them: requests and call sites without a change to the program."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import textwrap
import unittest

from support import BIN, ROOT, Postgres, Scratch, environment, quell

APPS = pathlib.Path(__file__).parent / "apps"
PYTHON = "/usr/bin/python3"  # Debian's modules belong to it

AUTHORS, POSTS, REQUESTS = 12, 60, 20
SQL = f"""
create table authors as select i as id, 'author ' || i as name from generate_series(1, {AUTHORS}) i;
alter table authors add primary key (id);
create table posts as select i as id, i % {AUTHORS} + 1 as author_id from generate_series(1, {POSTS}) i;
alter table posts add primary key (id);
"""


def line_of(path, mark):
    """The number of the line that carries a mark."""
    [number] = [i for i, line in enumerate(path.read_text().splitlines(), 1) if mark in line]
    return number


class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.postgres = Postgres(cls.scratch)
        cls.addClassCleanup(cls.postgres.stop)
        cls.env = dict(cls.postgres.environment, PGDATABASE="blog", PGSSLMODE=None, DATABASE_URL=None,
                       TMPDIR=cls.scratch.tmp, PYTHONDONTWRITEBYTECODE="1")
        subprocess.run([f"{cls.postgres.bin}/psql", "-Xqc", SQL], check=True, env=environment(**cls.env))

    def setUp(self):
        self.folder = self.scratch.path / self.id()
        self.folder.mkdir()
        self.trace = self.folder / "quell.qtr"

    def needs_python(self, *modules):
        for module in modules:
            if subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode != 0:
                self.skipTest(f"the Python module {module} is not installed for {PYTHON}")

    def needs_program(self, program):
        if shutil.which(program) is None:
            self.skipTest(f"{program} is not installed")

    def needs_node(self, *packages):
        self.needs_program("node")
        for package in packages:
            if subprocess.run(["node", "-e", f"require('{package}')"], capture_output=True).returncode != 0:
                self.skipTest(f"the npm package {package} is not in NODE_PATH")

    def needs_ruby(self, *libraries):
        self.needs_program("ruby")
        for library in libraries:
            if subprocess.run(["ruby", "-e", f"require '{library}'"], capture_output=True).returncode != 0:
                self.skipTest(f"the Ruby library {library} is not installed")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def record(self, *command, options=(), cwd=None, **changes):
        result = quell("record", "-o", self.trace, *options, "--", *command, cwd=cwd or self.folder,
                       **dict(self.env, **changes))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result

    def report(self):
        result = quell("report", self.trace, "--format", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def scopes(self):
        return {scope["name"]: scope["count"] for scope in self.report()["scopes"]}

    def assert_seeded_n_plus_one(self, app, prefix="GET /authors/posts"):
        """One finding, of the lazy route alone, proved in each of its 20 requests, at the line that is marked."""
        report = self.report()
        # A machine under load makes slow queries.
        findings = [finding for finding in report["findings"] if finding["kind"] != "slow_query"]
        self.assertEqual(len(findings), 1, [finding["kind"] for finding in findings])
        finding = findings[0]
        self.assertEqual((finding["kind"], finding["confidence"], finding["scope"]),
                         ("n_plus_one", "proved", prefix))
        self.assertEqual((finding["executions"], finding["scopes_affected"], finding["total_executions"]),
                         (AUTHORS, REQUESTS, AUTHORS * REQUESTS))
        edge = finding["edge"]
        self.assertEqual((edge["from_table"], edge["from_column"], edge["to_column"]), ("authors", "id", "author_id"))
        [child] = [site for site in finding["call_sites"] if site["role"] == "child"]
        self.assertEqual((child["file"], child["line"], child["executions"]),
                         (app.name, line_of(app, " N+1"), AUTHORS * REQUESTS))
        # Outside are only start-ups of connections.
        counts = {scope["name"]: scope["count"] for scope in report["scopes"] if scope["kind"] != "none"}
        self.assertEqual(counts, {prefix: REQUESTS, prefix + "/eager": REQUESTS})


class Python(Recorded):
    def seeded(self, name, prefix="GET /authors/posts"):
        app = APPS / name
        self.record(PYTHON, app, cwd=APPS)
        self.assert_seeded_n_plus_one(app, prefix)

    def test_fastapi_with_async_sqlalchemy_and_asyncpg(self):
        self.needs_python("fastapi", "uvicorn", "sqlalchemy", "asyncpg", "greenlet")
        self.seeded("fastapi_asyncpg.py")

    def test_django_with_psycopg2(self):
        self.needs_python("django", "psycopg2")
        self.seeded("django_psycopg2.py")

    def test_flask_with_psycopg3(self):
        self.needs_python("flask", "psycopg")
        self.seeded("flask_psycopg3.py")

    def test_a_pytest_run_has_a_scope_for_each_test(self):
        self.needs_python("pytest", "psycopg2")
        self.write("test_shop.py", """
            import psycopg2

            def authors():
                cursor = psycopg2.connect("").cursor()
                cursor.execute("select id from authors order by id")
                return cursor, cursor.fetchall()

            def test_lazy():
                cursor, rows = authors()
                for row in rows:
                    cursor.execute("select id from posts where author_id = %s", row)

            def test_eager():
                cursor, rows = authors()
                cursor.execute("select id from posts where author_id in %s", (tuple(row[0] for row in rows),))
        """)
        result = self.record(PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider")
        self.assertIn("2 passed", result.stdout)
        report = self.report()
        self.assertEqual({scope["name"]: scope["kind"] for scope in report["scopes"]},
                         {"test_shop.py::test_lazy": "test", "test_shop.py::test_eager": "test"})
        [finding] = report["findings"]
        self.assertEqual((finding["kind"], finding["confidence"], finding["scope"], finding["executions"]),
                         ("n_plus_one", "proved", "test_shop.py::test_lazy", AUTHORS))

    def test_a_unittest_run_has_a_scope_for_each_test(self):
        self.needs_python("psycopg2")
        self.write("test_shop.py", """
            import unittest
            import psycopg2

            class Shop(unittest.TestCase):
                def test_one(self):
                    psycopg2.connect("").cursor().execute("select 1 from posts")
        """)
        self.record(PYTHON, "-m", "unittest", "-q")
        self.assertEqual(self.scopes(), {"test_shop.Shop.test_one": 1})

    def test_the_programs_own_classes_of_psycopg2_keep_working(self):
        self.needs_python("psycopg2")
        self.write("app.py", """
            import psycopg2, psycopg2.extras, psycopg2.extensions, psycopg2.pool

            class Own(psycopg2.extensions.cursor):
                def execute(self, *args):
                    self.mine = True
                    return super().execute(*args)

            real = psycopg2.connect("", connection_factory=psycopg2.extras.RealDictConnection)
            k = real.cursor()
            k.execute("select id from authors where id = 1")
            assert dict(k.fetchone()) == {"id": 1}
            plain = psycopg2.connect("", cursor_factory=Own)
            k = plain.cursor()
            k.execute("select 1")
            assert k.mine and isinstance(k, Own) and isinstance(plain, psycopg2.extensions.connection)
            k = plain.cursor("named", cursor_factory=psycopg2.extras.DictCursor)
            k.execute("select id from authors order by id")
            assert [row["id"] for row in k] == list(range(1, 13))
            assert isinstance(plain.cursor(), Own) and plain.cursor().name is None
            pool = psycopg2.pool.SimpleConnectionPool(1, 2, "")
            pool.putconn(pool.getconn())
            psycopg2.extensions.register_type(psycopg2.extensions.UNICODE, plain)
            with plain:
                plain.cursor().execute("select 1")
        """)
        self.record(PYTHON, "app.py")

    def test_the_next_sitecustomize_is_loaded(self):
        (self.folder / "site").mkdir()
        (self.folder / "site/sitecustomize.py").write_text("import builtins\nbuiltins.customized = 'yes'\n")
        result = self.record(PYTHON, "-c", "print(customized)", PYTHONPATH=self.folder / "site")
        self.assertEqual(result.stdout, "yes\n")

    def test_without_its_pipe_the_hook_is_silent(self):
        self.needs_python("psycopg2")
        app = self.write("app.py", """
            import psycopg2
            k = psycopg2.connect("").cursor()
            k.execute("select 7")
            print(k.fetchone()[0])
        """)
        for pipe in ("/nonexistent/pipe", str(self.folder), "/dev/full"):
            with self.subTest(pipe):
                result = subprocess.run([PYTHON, app], capture_output=True, text=True, timeout=60,
                                        env=environment(**self.env, QUELL_HOOK=pipe, PYTHONPATH=BIN / "hooks/python"))
                self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "7\n", ""))

    def test_a_full_pipe_does_not_hold_the_program_up(self):
        self.needs_python("psycopg2")
        app = self.write("app.py", """
            import psycopg2
            k = psycopg2.connect("").cursor()
            for i in range(2000):
                k.execute("select %s", (i,))
            print(k.fetchone()[0])
        """)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # which nobody reads: full after 64 KiB
        self.addCleanup(os.close, reader)
        result = subprocess.run([PYTHON, app], capture_output=True, text=True, timeout=60,
                                env=environment(**self.env, QUELL_HOOK=pipe, PYTHONPATH=BIN / "hooks/python"))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "1999\n", ""))

    def test_no_hooks_loads_nothing(self):
        result = self.record(PYTHON, "-c", "import os, sys; print('quell_hook' in sys.modules, os.environ.get('QUELL_HOOK'))",
                             options=("--no-hooks",))
        self.assertEqual(result.stdout, "False None\n")

    def test_a_unix_socket_named_in_the_program_has_call_sites_too(self):
        self.needs_python("psycopg2")
        self.write("app.py", f"""
            import psycopg2
            k = psycopg2.connect("host={self.env['PGHOST']} port={self.env['PGPORT']}").cursor()
            k.execute("select id from authors order by id")
            for row in k.fetchall():
                k.execute("select id from posts where author_id = %s", row)  # here
        """)
        self.record(PYTHON, "app.py")
        [finding] = self.report()["findings"]
        sites = {site["role"]: (site["file"], site["line"]) for site in finding["call_sites"]}
        self.assertEqual(sites, {"parent": ("app.py", 4), "child": ("app.py", 6)})


class Node(Recorded):
    """Packages of npm are found through NODE_PATH."""

    def seeded(self, name):
        app = APPS / name
        self.record("node", app, cwd=APPS)
        self.assert_seeded_n_plus_one(app)

    def test_express_with_a_pool_of_pg(self):
        self.needs_node("express", "pg")
        self.seeded("express_pg.js")

    def test_fastify_with_pipelined_postgres_js(self):
        self.needs_node("fastify", "postgres")
        self.seeded("fastify_postgres.js")

    def test_pg_imported_by_an_es_module(self):
        self.needs_node("pg")
        self.write("app.mjs", """
            import { createRequire } from 'node:module'
            const { default: pg } = await import(createRequire(import.meta.url).resolve('pg'))
            const client = new pg.Client()
            await client.connect()
            await client.query('begin') // a scope that no load on the machine parts
            const { rows } = await client.query('select id from authors order by id')
            for (const row of rows) await client.query('select id from posts where author_id = $1', [row.id])
            await client.query('commit')
            await client.end()
        """)
        self.record("node", "app.mjs")
        [finding] = self.report()["findings"]
        sites = {site["role"]: (site["file"], site["line"]) for site in finding["call_sites"]}
        self.assertEqual(sites, {"parent": ("app.mjs", 7), "child": ("app.mjs", 8)})

    def test_without_its_pipe_the_hook_is_silent(self):
        self.needs_node("pg", "postgres")
        app = self.write("app.js", """
            const { Client } = require('pg')
            const sql = require('postgres')({ host: process.env.PGHOST, port: process.env.PGPORT, database: 'blog' })
            const client = new Client({ database: 'blog' })
            client.connect().then(async () => {
              console.log((await client.query('select 7 as seven')).rows[0].seven, (await sql`select 8 as eight`)[0].eight)
              await Promise.all([client.end(), sql.end()])
            })
        """)
        hook = f'--require "{BIN}/hooks/node/quell_hook.js"'
        for pipe in ("/nonexistent/pipe", str(self.folder), "/dev/full"):
            with self.subTest(pipe):
                result = subprocess.run(["node", app], capture_output=True, text=True, timeout=60,
                                        env=environment(**dict(self.env, QUELL_HOOK=pipe, NODE_OPTIONS=hook)))
                self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "7 8\n", ""))


class Ruby(Recorded):
    def test_sinatra_with_active_record(self):
        self.needs_ruby("sinatra/base", "active_record", "pg", "webrick")
        app = APPS / "sinatra_active_record.rb"
        self.record("ruby", app, cwd=APPS)
        self.assert_seeded_n_plus_one(app)

    def test_a_minitest_run_has_a_scope_for_each_test(self):
        self.needs_ruby("minitest", "pg")
        self.write("shop_test.rb", """
            require 'minitest/autorun'
            require 'pg'
            class ShopTest < Minitest::Test
              def test_lazy
                connection = PG.connect(dbname: 'blog')
                connection.exec('select id from authors order by id').each do |row|
                  connection.exec_params('select id from posts where author_id = $1', [row['id']]) # here
                end
              end
            end
        """)
        self.record("ruby", "shop_test.rb")
        report = self.report()
        self.assertEqual([(scope["name"], scope["kind"]) for scope in report["scopes"]], [("ShopTest#test_lazy", "test")])
        [finding] = report["findings"]
        [child] = [site for site in finding["call_sites"] if site["role"] == "child"]
        self.assertEqual((finding["confidence"], child["file"], child["line"]), ("proved", "shop_test.rb", 8))

    def test_without_its_pipe_the_hook_is_silent(self):
        self.needs_ruby("pg")
        app = self.write("app.rb", "require 'pg'\nputs PG.connect(dbname: 'blog').exec('select 7')[0].values\n")
        for pipe in ("/nonexistent/pipe", str(self.folder), "/dev/full"):
            with self.subTest(pipe):
                result = subprocess.run(["ruby", app], capture_output=True, text=True, timeout=60,
                                        env=environment(**dict(self.env, QUELL_HOOK=pipe,
                                                               RUBYOPT=f"-r{BIN}/hooks/ruby/quell_hook.rb")))
                self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "7\n", ""))


class Recipes(Recorded):
    """The recipes of docs/record.md, as they stand there."""

    def run_recipe(self, title):
        text = (ROOT / "docs/record.md").read_text().split("## Recipes")[1].split("\n## ")[0]
        recipe = text.split(f"### {title}\n")[1].split("\n### ")[0]
        for first, name, content in re.findall(r"^```\w+\n((?:#|//) (\S+)\n)(.*?)^```", recipe, re.M | re.S):
            (self.folder / name).write_text(content if name.endswith(".json") else first + content)
        [command] = re.findall(r"^\$ (quell record .*)$", recipe, re.M)
        # Debian's Python and its programs come first.
        env = environment(**dict(self.env, TMPDIR=self.scratch.tmp))
        env["PATH"] = f"{BIN}:/usr/bin:{env['PATH']}"
        result = subprocess.run(["sh", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=120, env=env)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"\n1\. \w+ +N\+1, proved ")
        return result.stdout

    def test_pytest(self):
        self.needs_python("pytest", "psycopg2")
        report = self.run_recipe("pytest")
        self.assertIn("N+1, proved  test_shop.py::test_every_author_has_posts", report)
        self.assertIn("at test_shop.py:9 test_every_author_has_posts", report)

    def test_npm_test(self):
        self.needs_program("npm")
        self.needs_node("pg", "node:test")
        report = self.run_recipe("npm test")
        self.assertIn("N+1, proved  every author has posts", report)
        self.assertIn("at shop.test.js:11", report)

    def test_bundle_exec(self):
        self.needs_program("bundle")
        self.needs_ruby("minitest", "pg")
        report = self.run_recipe("bundle exec")
        self.assertIn("N+1, proved  ShopTest#test_every_author_has_posts", report)
        self.assertIn("at shop_test.rb:9", report)


class Traffic(Recorded):
    """Attribution from what stands in the traffic itself, with real clients and no hooks."""

    def lazy_requests(self, tag):
        """A program without a framework: two requests, one after the other without a pause, on one connection."""
        self.needs_python("psycopg2")
        self.write("app.py", f"""
            import psycopg2
            connection = psycopg2.connect("")
            connection.autocommit = True
            k = connection.cursor()
            for request in (1, 2):
                for variable in {tag.get('set', [])!r}:
                    k.execute(variable % dict(request=request))
                k.execute("select id from authors order by id" + {tag.get('comment', '')!r} % dict(request=request))
                for row in k.fetchall():
                    k.execute("select id from posts where author_id = %s" % row[0] + {tag.get('comment', '')!r} % dict(request=request))
        """)
        self.record(PYTHON, "app.py", options=("--no-hooks",), PGAPPNAME=tag.get("application_name"))
        report = self.report()
        [finding] = [finding for finding in report["findings"] if finding["kind"] == "n_plus_one"]
        self.assertEqual(finding["confidence"], "proved")
        return {scope["name"]: (scope["kind"], scope["count"]) for scope in report["scopes"]}, finding

    def test_sqlcommenter_tags(self):
        scopes, finding = self.lazy_requests({"comment": " /*route='%%2Flazy',traceparent="
                                                         "'00-%(request)032x-b7ad6b7169203331-01'*/"})
        self.assertEqual(scopes, {"/lazy": ("request", 2)})
        self.assertEqual((finding["scope"], finding["executions"], finding["scopes_affected"]), ("/lazy", AUTHORS, 2))

    def test_session_variables(self):
        scopes, finding = self.lazy_requests({"set": ["set app.request_id = 'r-%(request)d'", "set app.route = '/lazy'"]})
        self.assertEqual(scopes, {"/lazy": ("request", 2)})
        self.assertEqual((finding["executions"], finding["scopes_affected"]), (AUTHORS, 2))

    def test_application_name_of_a_test(self):
        scopes, finding = self.lazy_requests({"application_name": "test: checkout"})
        self.assertEqual(scopes, {"checkout": ("test", 1)})


if __name__ == "__main__":
    unittest.main()
