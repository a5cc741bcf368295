"""Sends requests to a server in this process: 20 at a time, as many as the paths given."""
import concurrent.futures
import http.client


def drive(port, paths):
    def get(path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        assert response.status == 200, (path, response.status, body)
        return body

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        return list(pool.map(get, paths))


PATHS = ["/authors/posts"] * 20 + ["/authors/posts/eager"] * 20
