"""Tests that wait most of their time run a few at once, each when its turn comes or shortly before."""
import concurrent.futures
import functools
import os
import unittest

from server import ForeignTest

AT_ONCE = int(os.environ.get("TESTS_AT_ONCE", "4"))  # 1: one after the other, to look into one of them


class AheadTest(ForeignTest):
    """A class of tests that do not disturb each other. While one is waited for, the next ones run already."""

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        cls.alone = {name: function for name, function in vars(cls).items() if name.startswith("test_")}
        for name, function in cls.alone.items():
            setattr(cls, name, ahead(name, function))

    @classmethod
    def setUpClass(cls):
        cls.pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
        cls.begun = {}

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown(cancel_futures=True)

    @classmethod
    def begin(cls, name):
        if name not in cls.begun:
            cls.begun[name] = cls.pool.submit(cls.run_alone, name)
        return cls.begun[name]

    @classmethod
    def run_alone(cls, name):
        test = cls(name)
        try:
            test.prepare()
            cls.alone[name](test)
        finally:
            test.doCleanups()

    def prepare(self):
        """In the place of setUp."""


def ahead(name, function):
    @functools.wraps(function)
    def test(self):
        names = unittest.defaultTestLoader.getTestCaseNames(type(self))
        at = names.index(name)
        for each in names[at:at + AT_ONCE]:
            self.begin(each)
        self.begin(name).result()
    return test
