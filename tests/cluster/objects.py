"""What a client did through the proxy, and what it has to find there afterwards."""
import concurrent.futures
import hashlib
import json
import random
import threading

from cluster import ACCOUNT, POLICIES, quoted

CLIENTS = 6
# Bytes; most objects are small, some are more than one segment of an erasure-coded object.
SIZES = (0, 1, 700, 4096, 4097, 20000, 65536, 70000, 300000, 1200000)
SIZE_WEIGHTS = (1, 1, 4, 6, 2, 4, 2, 2, 1, 0.4)


class Object:
    """What is to be found under a name. body None: deleted."""

    def __init__(self, policy, container, name):
        self.policy, self.container, self.name = policy, container, name
        self.body = None
        self.metadata = {}

    @property
    def path(self):
        return '/%s/%s/%s' % (ACCOUNT, self.container, self.name)

    @property
    def etag(self):
        return hashlib.md5(self.body).hexdigest()


class Objects:
    """All that there have ever been, each changed by one client at a time."""

    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.source = random.Random(seed)
        self.all = {}
        # Those whose listing is that of all; not versioned ones.
        self.containers = {}
        # {(container, name): [(version, body or None: a deletion)]}
        self.versions = {}
        self.local = threading.local()

    def request(self, method, path, headers=None, body=b'', expect=(200, 201, 202, 204), attempts=3):
        """The status, headers and body of an answer; a 5xx is asked again, as a client does."""
        for attempt in range(attempts):
            if getattr(self.local, 'client', None) is None:
                self.local.client = self.cluster.client()
            try:
                self.local.client.request(method, path, body, {'Content-Length': str(len(body)), **(headers or {})})
                answer = self.local.client.getresponse()
                found = answer.status, dict(answer.getheaders()), answer.read()
            except OSError:
                # The proxy was restarted.
                self.local.client = None
                if attempt + 1 == attempts:
                    raise
                continue
            if found[0] in expect:
                return found
            if found[0] < 500:
                break
        raise AssertionError('%s %s: %d %r' % (method, path, found[0], found[2][:200]))

    def make_container(self, name, policy, headers=None):
        self.request('PUT', quoted(name), {'X-Storage-Policy': POLICIES[policy], **(headers or {})})

    def make(self, scenario, count):
        """So many new objects, half of them in each policy, in containers of the scenario: the Objects."""
        made = []
        for policy in POLICIES:
            container = '%s %s' % (scenario, POLICIES[policy])
            if container not in self.containers:
                self.make_container(container, policy)
                self.containers[container] = policy
            for number in range(count // 2):
                one = Object(policy, container, 'object é %d' % (len(self.all) + number))
                made.append(one)
            self.all.update((one.path, one) for one in made)
        self.put(made)
        return made

    def _each(self, change, objects):
        # Bodies are drawn before the clients start, so that they are the same in every run.
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for done in [pool.submit(change, *one) for one in objects]:
                done.result()

    def put(self, objects):
        drawn = []
        for one in objects:
            size = self.source.choices(SIZES, SIZE_WEIGHTS)[0]
            drawn.append((one, self.source.randbytes(size), str(self.source.randrange(1000))))
        self._each(self._put, drawn)

    def _put(self, one, body, colour):
        self.request('PUT', quoted(one.container, one.name),
                     {'X-Object-Meta-Colour': colour, 'Content-Type': 'x/' + colour}, body)
        one.body = body
        one.metadata = {'X-Object-Meta-Colour': colour, 'Content-Type': 'x/' + colour}

    def post(self, objects):
        self._each(self._post, [(one, str(self.source.randrange(1000))) for one in objects])

    def _post(self, one, shape):
        self.request('POST', quoted(one.container, one.name), {'X-Object-Meta-Shape': shape})
        one.metadata = {'X-Object-Meta-Shape': shape, 'Content-Type': one.metadata['Content-Type']}

    def delete(self, objects):
        self._each(self._delete, [(one,) for one in objects])

    def _delete(self, one):
        # The second attempt may find that the first has done it.
        self.request('DELETE', quoted(one.container, one.name), expect=(204, 404))
        one.body, one.metadata = None, {}

    def put_versions(self, container, names):
        for name in names:
            body = self.source.randbytes(self.source.choices(SIZES, SIZE_WEIGHTS)[0])
            _, headers, _ = self.request('PUT', quoted(container, name), body=body)
            self.versions.setdefault((container, name), []).append((headers['X-Object-Version-Id'], body))

    def delete_current(self, container, names):
        """What is deleted in a versioned container stays, under its version."""
        for name in names:
            _, headers, _ = self.request('DELETE', quoted(container, name))
            self.versions[container, name].append((headers['X-Object-Version-Id'], None))

    # What clients find

    def wrong(self):
        """Each object as a client gets it: what is not as it should be."""
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            return [problem for problem in pool.map(self._wrong_object, list(self.all.values())) if problem] + [
                problem for problem in pool.map(self._wrong_versions, list(self.versions)) if problem]

    def _wrong_object(self, one):
        status, headers, body = self.request('GET', quoted(one.container, one.name), expect=(200, 404), attempts=1)
        if one.body is None:
            return '' if status == 404 else 'GET %s: %d, and it was deleted' % (one.path, status)
        if status != 200:
            return 'GET %s: %d' % (one.path, status)
        if body != one.body:
            return 'GET %s: another body, of %d bytes and not %d' % (one.path, len(body), len(one.body))
        found = {name: value for name, value in headers.items()
                 if name.startswith('X-Object-Meta-') or name == 'Content-Type'}
        return '' if found == one.metadata else 'GET %s: %r and not %r' % (one.path, found, one.metadata)

    def _wrong_versions(self, key):
        kept = self.versions[key]
        asked = [('', kept[-1][1])] + [('?version-id=' + version, body) for version, body in kept]
        for query, expected in asked:
            status, _, body = self.request('GET', quoted(*key) + query, expect=(200, 404), attempts=1)
            if (status, body) != (200, expected) and not (status == 404 and expected is None):
                return 'GET %s%s: %d, and not %s' % ('/'.join(key), query, status,
                                                     '404' if expected is None else '%d bytes' % len(expected))
        return ''

    def listing(self, container):
        """{name: (size, etag)} as it has to be."""
        return {one.name: (len(one.body), one.etag) for one in self.all.values()
                if one.container == container and one.body is not None}


def parsed_listing(body):
    return {entry['name']: (entry['bytes'], entry['hash']) for entry in json.loads(body or b'[]')}
