"""The short form of Scripts/soak."""
import tempfile

from server import ForeignTest
from soak import Soak


class Short(ForeignTest):
    def test_soak(self):
        """soak: 20 reloads of 12 plugins under load: nothing fails, is lost, doubled or decided twice, nothing grows"""
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            soak = Soak(scratch, rounds=20, settled=5)
            wrong = soak.run()
            self.assertEqual(wrong, [], soak.table())
