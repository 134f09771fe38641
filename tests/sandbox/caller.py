"""A customer's program as the vendor sees it: plain HTTP, one connection a call, no cleverness."""

import requests

PRODUCT = "KPN-VoiceVideo-C"


class Caller:
    def __init__(self, sandbox, client_id, client_secret):
        self.sandbox = sandbox
        self.client_id = client_id
        self.client_secret = client_secret
        self._token = None

    def ask_token(self, grant="?grant_type=client_credentials", **changes):
        form = {"client_id": self.client_id, "client_secret": self.client_secret, **changes}
        return requests.post(self.sandbox.token_url + grant, data=form, timeout=5)

    @property
    def token(self):
        self._token = self._token or self.ask_token().json()["access_token"]
        return self._token

    def call(self, method, path, *, token=None, timeout=5, **options):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = self.sandbox.kandy_url + path
        return requests.request(method, url, headers=headers, timeout=timeout, allow_redirects=False, **options)

    def order(self, quantity, type_="increment", **options):
        body = {"product": PRODUCT, "type": type_, "quantity": quantity}
        return self.call("POST", "/order", json=body, **options)

    def subscribe(self, username, **options):
        return self.call("POST", "/subscriber", json={"product": PRODUCT, "username": username}, **options)

    def unsubscribe(self, subscriber_id):
        return self.call("DELETE", f"/subscriber/{subscriber_id}")

    def inventory(self):
        (row,) = self.call("GET", "/inventory").json()
        return row["total"], row["available"]

    def orders(self):
        return self.call("GET", "/order").json()


def assert_refused(answer, status, name):
    """The gateway's own shape of an error, all of it text, under the answer's transaction id."""
    assert answer.status_code == status
    error = answer.json()
    assert set(error) == {"transactionId", "status", "name", "message", "info"}
    assert all(isinstance(value, str) for value in error.values())
    assert error["status"] == str(status)
    assert error["name"] == name
    assert error["transactionId"] == answer.headers["X-Transaction-Id"]
