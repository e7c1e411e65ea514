import shutil

from kdlib.training.loop.job import job_key


def test_a_key_depends_on_settings_and_on_the_content_of_files(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("1")
    second.write_text("2")
    key = job_key({"x": 1, "y": 2}, [first, second])
    assert key == job_key({"y": 2, "x": 1}, [first, second])
    others = [
        job_key({"x": 1, "y": 3}, [first, second]),
        job_key({"x": 1, "y": 2}, [second, first]),
        job_key({"x": 1, "y": 2}, [first]),
    ]
    shutil.copy(first, second)
    others.append(job_key({"x": 1, "y": 2}, [first, second]))
    assert len({key, *others}) == 5
