"""Random GET and HEAD requests for what is stored."""
import json

from session import Read
from swift_cluster import wire_path

RANGES = [b'bytes=0-', b'bytes=0-0', b'bytes=1-2', b'bytes=-1', b'bytes=-100', b'bytes=5-', b'bytes=4999-', b'bytes=5000-', b'bytes=0-4999',
          b'bytes=0-9,2-3', b'bytes=0-0,-1', b'bytes=2-1', b'bytes=', b'bytes=x-y', b'chars=0-1', b'bytes=0-0,1-1,2-2', b'bytes=-0',
          b'bytes=99999-', b'bytes=99999-,0-1', b'bytes=0-99999', b'bytes=100-200,0-10', b'bytes=1-99999999999999999999', b'bytes=+1-2',
          b'bytes=0-1,0-1,0-1', b'bytes =0-1', b'bytes=0 - 1', b'BYTES=0-1', b'bytes=0-1,', b'bytes=3000-3100,0-10,50-60']
DATES = [b'Sat, 01 Jan 2022 00:00:00 GMT', b'Fri, 01 Jan 2100 00:00:00 GMT', b'Saturday, 01-Jan-22 00:00:00 GMT', b'yesterday', b'']


class Reads:
    def __init__(self, draw, policy):
        self.draw = draw
        self.policy = policy

    def read(self):
        draw = self.draw
        path = wire_path(draw.names.all[draw.name_number()]).encode()
        place = None
        if draw.chance(0.02):
            # Deliberate: no NUL, which nginx refuses.
            path = draw.pick([b'/a/c', b'/a', b'', b'/', b'/a/c/%FF', b'/a//o', path + b'/', path + b'?x=y', b'/a/c/none',
                              b'/a/c/' + b'n' * 1100])
        if draw.chance(0.01):
            place = draw.pick(['/sdb1/1', '/sda1', '/sda1/..', '/sda1/', '/a%2Bb/1'])
        headers = []
        for probability, header in ((0.25, self.range), (0.2, self.condition), (0.3, self.preferences), (0.2, self.expiry), (0.1, self.odd)):
            if draw.chance(probability):
                headers.append(header())
        return Read(draw.pick(['GET', 'GET', 'GET', 'HEAD']), path, headers, place)

    def range(self):
        return b'Range: ' + self.draw.pick(RANGES)

    def condition(self):
        draw = self.draw
        if draw.chance(0.5):
            return draw.pick([b'If-Modified-Since: ', b'If-Unmodified-Since: ']) + draw.pick(DATES)
        return draw.pick([b'If-Match: ', b'If-None-Match: ']) + draw.pick([b'*', b'"x"', b'd41d8cd98f00b204e9800998ecf8427e', b'',
                                                                           b'"d41d8cd98f00b204e9800998ecf8427e"', b'"x", *', b'0' * 32,
                                                                           b'W/"d41d8cd98f00b204e9800998ecf8427e"'])

    def preferences(self):
        draw = self.draw
        if draw.chance(0.1):
            value = draw.pick([b'', b'[]', b'{', b'{}', b'null', b'1', b'[1]', b'[{}]', b'[{"timestamp": "then", "exclude": []}]', b'"x"',
                               b'[{"timestamp": "1.0", "exclude": [-1]}]', b'[{"timestamp": "1.0", "exclude": ["x"]}]', b'[null]', b'true',
                               b'[{"timestamp": "1.0", "exclude": 1}]', b'[{"timestamp": "1.0"}]', b'[{"timestamp": null, "exclude": []}]'])
        else:
            # Deliberate: no time twice.
            times = {draw.time() for _ in draw.count(0, 1, 1, 2)}
            value = json.dumps([{'timestamp': time, 'exclude': draw.random.sample(range(5), draw.pick([0, 0, 1, 1, 2, 3]))}
                                for time in sorted(times)]).encode()
        return b'X-Backend-Fragment-Preferences: ' + value

    def expiry(self):
        draw = self.draw
        return draw.pick([b'X-Backend-Replication: ' + draw.pick([b'true', b'True', b'false', b'x']), b'X-Timestamp: ' + draw.sent_time()])

    def odd(self):
        draw = self.draw
        return draw.pick([b'X-Backend-Etag-Is-At: X-Object-Meta-A', b'X-Backend-Etag-Is-At: X-Object-Sysmeta-Ec-Etag, x',
                          b'X-Backend-Ignore-Range-If-Metadata-Present: X-Static-Large-Object', b'X-Auth-Token: t', b'Accept-Encoding: gzip',
                          b'X-Backend-Ignore-Range-If-Metadata-Present: x-object-meta-a, x', b'X-Backend-Storage-Policy-Index: 9',
                          b'X-Trans-Id: tx1', b'X-Newest: true', b'X-Backend-Ssync-Frag-Index: 1', b'Content-Length: 0', b'If-Range: "x"'])
