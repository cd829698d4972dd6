/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/unit/scratch.h"

#include <errno.h>
#include <string.h>

#include "daemon/last_state.h"

static void what_is_written_is_read(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_(documents_clear) struct documents documents = {}, again = {};
	struct stat status;

	documents_put(&documents, "services/web", "ports: 80\n# \xc3\xa9 \"x\"\n", 19, 34);
	documents_put(&documents, DOCUMENTS_MANIFEST, "{objects: 1}", 12, 35);
	assert_int_equal(last_state_write(scratch_path(scratch, "deep/er/state"), &documents), 0);
	assert_int_equal(last_state_read(scratch_path(scratch, "deep/er/state"), &again), 0);
	assert_int_equal(again.n, 2);
	assert_string_equal(documents_find(&again, "services/web")->text,
			    documents_find(&documents, "services/web")->text);
	assert_int_equal(documents_revision(&again), 35);
	assert_int_equal(stat(scratch_path(scratch, "deep/er/state"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void none_and_nonsense_are_told_apart(void **state)
{
	struct scratch *scratch = *state;
	struct documents documents = {};

	assert_int_equal(last_state_read(scratch_path(scratch, "none"), &documents), -ENOENT);
	scratch_text(scratch, "half", "{\"mtu\": {\"revision\": 3");
	assert_int_equal(last_state_read(scratch_path(scratch, "half"), &documents), -EBADMSG);
	scratch_text(scratch, "other", "{\"mtu\": 1500}");
	assert_int_equal(last_state_read(scratch_path(scratch, "other"), &documents), -EBADMSG);
	assert_int_equal(documents.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(what_is_written_is_read),
		SCRATCH_TEST(none_and_nonsense_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
