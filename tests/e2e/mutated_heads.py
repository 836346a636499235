"""Random heads of requests, for what reads the rest of a head that nginx refused: nearly right, cut, repeated, too long.

A head is drawn without its path, so that the same lines can follow a path that nginx decodes and one that it does not.
"""
import dataclasses

NAMES = (b'Range', b'If-Match', b'If-None-Match', b'If-Modified-Since', b'If-Unmodified-Since', b'If-Range', b'X-Timestamp',
         b'X-Object-Meta-A', b'X_Under', b'User-Agent', b'Referer', b'Connection', b'Content-Length', b'Transfer-Encoding', b'Expect',
         b'Host', b'Accept', b'Cookie', b'X-Forwarded-For', b'Upgrade', b'Keep-Alive', b'Authorization', b'X-Backend-Replication',
         b'X-Backend-Storage-Policy-Index', b'', b'i', b'If', b'If-', b'X' * 200)
VALUES = (b'', b'0', b'x', b'*', b'"x"', b'bytes=0-3', b'bytes=-2', b'bytes=0-1,3-4', b'close', b'chunked', b'Sun, 06 Nov 1994 08:49:37 GMT',
          b'v' * 100, b'v' * 1000, b'v' * 1023, b'v' * 1024, b'v' * 4000, b'v' * 9000, b'\xff\xfe', b'a\tb', b' x ', b'1700000000.00000')
COLONS = (b': ',) * 12 + (b':', b' : ', b'::', b'', b' ', b':\t')
LINE_ENDS = (b'\r\n',) * 40 + (b'\n', b'\r', b'\r\r\n', b' \r\n', b'\r\n ')
BYTES = (b'\0', b'\x01', b'\r', b'\n', b'\r\n', b':', b' ', b'\t', b'%', b'\x7f', b'\xff', b'a')
METHODS = (b'GET',) * 8 + (b'HEAD',) * 3 + (b'POST', b'SSYNC', b'REPLICATE', b'get', b'G')
VERSIONS = (b'HTTP/1.1',) * 20 + (b'HTTP/1.0', b'HTTP/1.0', b'HTTP/1.2', b'HTTP/0.9', b'HTTP/2.0')
ENDINGS = (b'',) * 10 + (b'?x=y', b'?%00', b'#f', b'%', b'%0', b'%zz', b'/..', b'//', b'%20', b'%2e%2e', b'o' * 1000)
# So much comes in one piece; small ones make the line that is cut begin in every state of the parser.
PIECES = (1 << 20,) * 4 + (1, 3, 64, 1000, 1023, 1024, 1025, 4096)


@dataclasses.dataclass
class Head:
    method: bytes
    ending: bytes       # of the path
    version: bytes
    rest: bytes         # all after the first line
    piece: int          # bytes that are sent at once

    def of(self, path):
        return b'%s %s%s %s\r\n%s' % (self.method, path, self.ending, self.version, self.rest)


def line(draw):
    name, value = draw.choice(NAMES), draw.choice(VALUES)
    if draw.random() < 0.2:
        name = name.swapcase()
    return name + draw.choice(COLONS) + value + draw.choice(LINE_ENDS)


def lines(draw):
    drawn = [line(draw) for _ in range(draw.choice((0, 1, 1, 2, 3, 5, 8)))]
    if drawn and draw.random() < 0.3:
        drawn.insert(draw.randrange(len(drawn)), draw.choice(drawn))
    if draw.random() < 0.1:
        # Of the sizes at which one buffer is full and the next begins.
        drawn += [b'X-Fill-%d: %s\r\n' % (number, b'f' * draw.choice((400, 990, 1000, 1010, 5000)))
                  for number in range(draw.choice((3, 9)))]
    return drawn


def damaged(draw, text):
    for _ in range(draw.choice((0, 0, 0, 0, 1, 1, 2, 5))):
        place = draw.randrange(len(text) + 1)
        kind = draw.random()
        if kind < 0.5:
            text = text[:place] + draw.choice(BYTES) + text[place:]
        elif kind < 0.8:
            text = text[:place] + text[place + draw.choice((1, 1, 2, 30)):]
        else:
            text = text[:place]
    return text


def head(draw):
    # The client is told to close, so that an answer ends with the connection.
    rest = b'Host: h\r\nConnection: close\r\n' + damaged(draw, b''.join(lines(draw)) + b'\r\n')
    return Head(draw.choice(METHODS), draw.choice(ENDINGS), draw.choice(VERSIONS), rest, draw.choice(PIECES))
