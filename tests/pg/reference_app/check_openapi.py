"""Checks a served OpenAPI document with a validator that is not ours: every schema is a JSON Schema 2020-12, every reference
resolves, and real replies fit the schemas that promise them. Usage: check_openapi.py BASE_URL EMAIL PASSWORD, of an
administrator. Exit code 77: no validator."""
import json
import sys
import urllib.error
import urllib.request

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)


def fetch(base, target, body=None, method=None, token=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + target, data=data, method=method and method.upper())
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply) if reply.status != 204 else None
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def main():
    base = sys.argv[1]
    _, document = fetch(base, "/openapi.json")
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas, reference

    _, tokens = fetch(base, "/auth/login", {"email": sys.argv[2], "password": sys.argv[3]})
    token = tokens["access_token"]
    _, post = fetch(base, "/posts", {"title": "T", "body": "B", "tags": ["sql"]}, token=token)
    _, comment = fetch(base, "/posts/1/comments", {"body": "B"}, token=token)
    replies = [
        ("get", "/posts", "/posts?limit=5&loading=joined", None),
        ("get", "/posts", "/posts?limit=0", None),
        ("get", "/posts/{id}", "/posts/1", None),
        ("get", "/posts/{id}", "/posts/999999", None),
        ("post", "/posts", "/posts", {"title": "T", "body": "B"}),
        ("patch", "/posts/{id}", f"/posts/{post['id']}", {"title": "New"}),
        ("delete", "/posts/{id}", f"/posts/{post['id']}", None),
        ("get", "/posts/{id}/comments", "/posts/1/comments", None),
        ("post", "/posts/{id}/comments", "/posts/1/comments", {"body": "B"}),
        ("get", "/comments/{id}", f"/comments/{comment['id']}", None),
        ("patch", "/comments/{id}", f"/comments/{comment['id']}", {"body": "New"}),
        ("delete", "/comments/{id}", f"/comments/{comment['id']}", None),
        ("get", "/users/{id}/posts", "/users/1/posts", None),
        ("get", "/users", "/users?limit=3", None),
        ("get", "/users/{id}", "/users/1", None),
        ("post", "/users", "/users", {"name": "", "email": 1}),
        ("post", "/users", "/users", {"name": "A", "email": "validated@example.org"}),
        ("patch", "/users/{id}", "/users/4", {"name": "B"}),
        ("delete", "/users/{id}", "/users/999999", None),
        ("get", "/tags", "/tags", None),
        ("get", "/products", "/products?limit=5&tags=home", None),
        ("get", "/products/search", "/products/search?q=lamp", None),
        ("get", "/products/search", "/products/search", None),
        ("get", "/products/{id}", "/products/1", None),
        ("post", "/products", "/products", {"sku": "CHECK", "name": "N", "description": "", "price": "1", "stock": 9}),
        ("put", "/products/{id}", "/products/1", {"sku": "low"}),
        ("post", "/products/import", "/products/import", {"products": [
            {"sku": "CHECK", "name": "N", "description": "", "price": "1", "stock": 9, "metadata": {"a": [1]}}]}),
        ("get", "/orders", "/orders?limit=5", None),
        ("get", "/orders/{id}", "/orders/1", None),
        ("post", "/orders", "/orders", {"customer_id": 1, "items": [{"product_id": 999999, "quantity": 1}]}),
        ("patch", "/orders/{id}", "/orders/1", {"status": "placed"}),
        ("get", "/reports/sales", "/reports/sales?year=2023", None),
        ("post", "/auth/register", "/auth/register", {"name": "A", "email": "a", "password": ""}),
        ("post", "/auth/login", "/auth/login", {"email": sys.argv[2], "password": sys.argv[3]}),
        ("post", "/auth/login", "/auth/login", {"email": sys.argv[2], "password": "wrong"}),
        ("post", "/auth/refresh", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}),
        ("post", "/auth/logout", "/auth/logout", {"refresh_token": tokens["refresh_token"]}),
        ("get", "/health/live", "/health/live", None),
        ("get", "/health/ready", "/health/ready", None),
    ]
    for method, route, target, body in replies:
        status, reply = fetch(base, target, body, method, token)
        print(method, target, status)
        response = document["paths"][route][method]["responses"][str(status)]
        if status == 204:
            assert "content" not in response
            continue
        (media_type,) = response["content"].values()
        whole = {"$ref": media_type["schema"]["$ref"].replace("components/schemas", "$defs"), "$defs": schemas}
        text = json.dumps(whole).replace("#/components/schemas/", "#/$defs/")
        Draft202012Validator(json.loads(text)).validate(reply)

    tried = {(method, route) for method, route, _, _ in replies}
    for route, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation["responses"].get("200", operation["responses"].get("201", {})).get("content", {})
            has_schema = any("$ref" in media["schema"] for media in content.values())
            assert (method, route) in tried or not has_schema, f"no reply of {method} {route} was checked"


main()
