from hatsr.evaluation.sets.known import BENCHMARKS, known_pictures


def test_known_checksums_cover_the_sets_we_have():
    assert [len(known_pictures(name)) for name in BENCHMARKS] == [5, 14, 100, 0, 0]
