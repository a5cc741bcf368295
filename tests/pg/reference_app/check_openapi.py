"""Checks a served OpenAPI document with a validator that is not ours: every schema is a JSON Schema 2020-12, every reference
resolves, and real replies fit the schemas that promise them. Usage: check_openapi.py BASE_URL. Exit code 77: no validator."""
import json
import sys
import urllib.error
import urllib.request

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)


def fetch(base, target, body=None, method="get"):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + target, data=data, method=method.upper())
    if body is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply)
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

    replies = [
        ("get", "/posts", "/posts?limit=5&loading=joined", None),
        ("get", "/posts", "/posts?limit=0", None),
        ("get", "/posts/{id}", "/posts/1", None),
        ("get", "/posts/{id}", "/posts/999999", None),
        ("get", "/users/{id}/posts", "/users/1/posts", None),
        ("get", "/users/{id}", "/users/1", None),
        ("post", "/users", "/users", {"name": "", "email": 1}),
        ("post", "/posts", "/posts", {"author_id": 1, "title": "T", "body": "B"}),
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
        ("get", "/health/ready", "/health/ready", None),
    ]
    for method, route, target, body in replies:
        status, reply = fetch(base, target, body, method)
        content = document["paths"][route][method]["responses"][str(status)]["content"]
        (media_type,) = content.values()
        whole = {"$ref": media_type["schema"]["$ref"].replace("components/schemas", "$defs"), "$defs": schemas}
        text = json.dumps(whole).replace("#/components/schemas/", "#/$defs/")
        Draft202012Validator(json.loads(text)).validate(reply)
        print(method, target, status)


main()
