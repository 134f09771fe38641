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
    def base_url(self):
        return self.sandbox.kandy_url

    @property
    def token(self):
        self._token = self._token or self.ask_token().json()["access_token"]
        return self._token

    def call(self, method, path, *, token=None, timeout=5, headers_more=None, **options):
        headers = {"Authorization": f"Bearer {token or self.token}", **(headers_more or {})}
        url = self.base_url + path
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


class ApidazeCaller(Caller):
    """The same customer at Apidaze, where bodies are forms."""

    @property
    def base_url(self):
        return self.sandbox.apidaze_url

    def create(self, username, **fields):
        return self.call("POST", "/sipaccounts", data={"username": username, **fields})

    def created(self, username, **fields):
        """The new account itself."""
        (account,) = self.create(username, **fields).json()
        return account

    def usernames(self):
        return [account["sip"]["username"] for account in self.call("GET", "/sipaccounts").json()]

    def put_script(self, url="https://acme.example/calls", **fields):
        return self.call("POST", "/externalscripts", data={"url": url, **fields})


class SmsCaller(Caller):
    """The same customer at the SMS API."""

    @property
    def base_url(self):
        return self.sandbox.sms_url

    def send(self, numbers, content="Hello", **fields):
        body = {"messages": [{"content": content, "mobile_number": numbers}], **fields}
        return self.call("POST", "/send", json=body)

    def sent(self, numbers, content="Hello", **fields):
        """The document id."""
        answer = self.send(numbers, content, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["document_id"]

    def keys(self, method, path="", *, level="applications", **options):
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.sandbox.keys_url}/{level}/keys{path}"
        return requests.request(method, url, headers=headers, timeout=5, allow_redirects=False, **options)

    def add_key(self, key_id, *, level="applications", **fields):
        answer = self.keys("POST", level=level, json={"key_id": key_id, "secret": f"secret of {key_id}", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()


def assert_refused(answer, status, name):
    """The gateway's own shape of an error, all of it text, under the answer's transaction id."""
    assert answer.status_code == status
    error = answer.json()
    assert set(error) == {"transactionId", "status", "name", "message", "info"}
    assert all(isinstance(value, str) for value in error.values())
    assert error["status"] == str(status)
    assert error["name"] == name
    assert error["transactionId"] == answer.headers["X-Transaction-Id"]
