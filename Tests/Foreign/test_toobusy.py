"""toobusy through its real shared object: a loop that is held turns new clients away, and later lets them in again."""
from inline import compiled, hooked, server_with
from server import until
from test_bundled import Bundled
from test_limit import QUICKLY
from wire import Wire
from workers import Nodes

BUSY = b"421 Too busy; please try again later\r\n"
# Holds the loop long enough for several ticks of the plugin's timer to be late, however the ticks fall.
HOLD = "struct timespec t = {1, 300000000}; (void)nanosleep(&t, NULL); return HARAKA_CONT;"


class TooBusy(Bundled):
    def holding(self, config=None):
        code = "#include <time.h>\n" + hooked(noop=HOLD)
        return server_with(self.scratch, ["mine", "toobusy"], {"mine": code}, {**QUICKLY, **(config or {})})

    def test_busy(self):
        """toobusy: while the loop is late new clients get 421; those that are there go on, and later all are let in"""
        with self.holding() as server, Wire(server.port) as client:
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")

            def refused():
                with Wire(server.port) as new:
                    return new.banner == BUSY and new.rest() == b""
            until("a new client is turned away", refused)
            server.logged(r"\[WARN\] .*\[toobusy\] too busy: the loop is \d+ ms late in the mean, limit 70 ms")
            self.assertEqual(client.say(b"RSET\r\n"), b"250 OK\r\n")
            server.logged(r"\[NOTICE\] .*\[toobusy\] busy no more")
            with Wire(server.port) as new:
                self.assertEqual(new.banner[:4], b"220 ")

    def test_workers(self):
        """toobusy: a worker whose loop is late turns clients away, the other one goes on"""
        mine = compiled(self.scratch, "mine", "#include <time.h>\n" + hooked(noop=HOLD))
        with Nodes(["mine", "toobusy"], objects={"mine": mine}) as server, server.pair() as (busy, idle):
            there = idle.who().pid
            self.assertEqual(busy.say(b"NOOP\r\n"), b"250 OK\r\n")
            served = []

            def refused():
                with server.client() as new:
                    if new.banner == BUSY:
                        return new.rest() == b""
                    served.append(new.who().pid)
                    return False
            until("a new client is turned away", refused)
            until("another one is served by the other worker", lambda: there in served or refused() and False)
            self.assertEqual(sum("[toobusy] too busy: " in line for line in server.lines), 1)

    def test_limit(self):
        """toobusy: with a higher limit the same load turns nobody away; the limit may change at any time"""
        with self.holding({"toobusy.maxlag": "60000\n"}) as server, Wire(server.port) as client:
            client.say(b"NOOP\r\n")
            client.say(b"NOOP\r\n")
            with Wire(server.port) as new:
                self.assertEqual(new.banner[:4], b"220 ")
            server.configure("toobusy.maxlag", "70ms\n")
            server.logged(r"\[ERROR\] .*toobusy.maxlag stays as it was: expected milliseconds from 10 to 60000")
            server.configure("toobusy.maxlag", "80\n")
            server.logged(r"\[toobusy\] toobusy.maxlag has changed: 80 ms")
            client.say(b"NOOP\r\n")
            server.logged(r"too busy: the loop is \d+ ms late in the mean, limit 80 ms")
