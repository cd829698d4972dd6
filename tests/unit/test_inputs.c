/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <time.h>

#include "base/errors.h"
#include "core/rests.h"
#include "daemon/inputs.h"
#include "tests/unit/planned.h"
#include "tests/unit/scratch.h"

#define WEB SERVICE("web", "198.51.100.80", "80", "b1: {}")

/* Reads the folder's t.yaml; every fault of it without the folder's name. */
static int faults_of(struct scratch *scratch, struct errors *ret_errors)
{
	_cleanup_inputs_ struct inputs *inputs = NULL;

	return inputs_collect(scratch_path(scratch, "t.yaml"), NULL, NULL, ret_errors, &inputs);
}

static void says(struct scratch *scratch, const struct errors *errors, size_t i, const char *format)
{
	char message[512];

	snprintf(message, sizeof(message), format, scratch->folder, scratch->folder);
	assert_non_null(errors_text(errors, i));
	assert_string_equal(errors_text(errors, i), message);
}

static void a_good_file_and_its_secret_give_configuration_and_keys(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_errors_ struct errors errors = {};
	_cleanup_inputs_ struct inputs *inputs = NULL;

	scratch_text(scratch, "t.yaml", FLEET WEB);
	scratch_secret(scratch, "s", 1);
	assert_int_equal(inputs_collect(scratch_path(scratch, "t.yaml"), NULL, NULL, &errors, &inputs),
			 0);
	assert_int_equal(inputs->config->n_services, 1);
	assert_true(inputs->keys.rows != 0);
	assert_int_equal(errors_count(&errors), 0);
}

static struct cookie_keys keys_of_epoch(struct scratch *scratch, const char *epoch)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_inputs_ struct inputs *inputs = NULL;
	char text[2000];

	snprintf(text, sizeof(text), "%s%s", epoch, FLEET WEB);
	scratch_text(scratch, "t.yaml", text);
	assert_int_equal(inputs_collect(scratch_path(scratch, "t.yaml"), NULL, NULL, &errors, &inputs),
			 0);
	return inputs->keys.cookie;
}

static void the_first_epoch_has_no_former(void **state)
{
	struct scratch *scratch = *state;
	struct cookie_keys keys, named;

	scratch_secret(scratch, "s", 1);
	keys = keys_of_epoch(scratch, "");
	assert_int_equal(keys.current, 0);
	assert_int_equal(keys.live, 1 << 0);
	named = keys_of_epoch(scratch, "cookie-epoch: 0\n");
	assert_memory_equal(&keys, &named, sizeof(keys));
}

/* Whoever is an epoch behind or ahead shares a key with the others, at the same bit of the wire. */
static void neighbouring_epochs_share_a_key(void **state)
{
	static const struct cookie_key none;
	struct scratch *scratch = *state;
	struct cookie_keys before, after;
	char epoch[32];

	scratch_secret(scratch, "s", 1);
	before = keys_of_epoch(scratch, "cookie-epoch: 0\n");
	for (int number = 1; number < 5; number++) {
		snprintf(epoch, sizeof(epoch), "cookie-epoch: %d\n", number);
		after = keys_of_epoch(scratch, epoch);
		assert_int_equal(after.current, number & 1);
		assert_int_equal(after.live, 3);
		assert_memory_equal(&before.epochs[before.current], &after.epochs[before.current],
				    sizeof(none));
		assert_memory_not_equal(&before.epochs[after.current],
					&after.epochs[after.current], sizeof(none));
		assert_memory_not_equal(&after.epochs[after.current], &none, sizeof(none));
		before = after;
	}
}

static void a_missing_secret_is_named_where_the_file_names_it(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_errors_ struct errors errors = {};

	scratch_text(scratch, "t.yaml", FLEET WEB);
	assert_int_equal(faults_of(scratch, &errors), -ENOENT);
	assert_int_equal(errors_count(&errors), 1);
	says(scratch, &errors, 0,
	     "%s/t.yaml:2: secret: the file %s/s does not exist, allowed: 32 bytes, the same on all nodes "
	     "(head -c 32 /dev/urandom)");
}

static void a_secret_of_the_wrong_size_or_open_to_others_is_refused(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_errors_ struct errors size = {}, mode = {};

	scratch_text(scratch, "t.yaml", FLEET WEB);
	scratch_write(scratch, "s", 0600, "short", 5);
	assert_int_equal(faults_of(scratch, &size), -EINVAL);
	says(scratch, &size, 0,
	     "%s/t.yaml:2: secret: the file %s/s has 5 bytes, allowed: 32 (head -c 32 /dev/urandom)");
	scratch_secret(scratch, "s", 1);
	assert_int_equal(chmod(scratch_path(scratch, "s"), 0644), 0);
	assert_int_equal(faults_of(scratch, &mode), -EACCES);
	says(scratch, &mode, 0,
	     "%s/t.yaml:2: secret: the file %s/s is open to others (mode 644), allowed: 600 or 400 "
	     "(chmod 600)");
}

static void faults_of_file_and_secret_are_found_in_one_go_and_told_by_line(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_errors_ struct errors errors = {};

	scratch_text(scratch, "t.yaml", "bogus: 1\n" FLEET "  web: {}\n");
	assert_int_equal(faults_of(scratch, &errors), -EINVAL);
	assert_int_equal(errors_count(&errors), 6);
	assert_non_null(strstr(errors_text(&errors, 0), "t.yaml:1: bogus: unknown key"));
	assert_non_null(strstr(errors_text(&errors, 1), "t.yaml:3: secret: "));
	assert_non_null(strstr(errors_text(&errors, 2), "services.web.vips: missing"));
}

static void a_secret_that_is_no_name_is_one_error_and_no_file(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_errors_ struct errors errors = {};

	scratch_text(scratch, "t.yaml",
		     "secret: [a]\ninfrastructure: fd48::/32\nservices: {}\n"
		     "sites: {ams: {locator: \"fd48:0:0:1::/64\"}}\n");
	assert_int_equal(faults_of(scratch, &errors), -EINVAL);
	assert_int_equal(errors_count(&errors), 1);
	says(scratch, &errors, 0,
	     "%s/t.yaml:1: secret: a list is not text, allowed: the name of a file");
}

static void a_proposal_elsewhere_is_read_with_the_secret_beside_the_real_file(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_errors_ struct errors errors = {};
	_cleanup_inputs_ struct inputs *inputs = NULL;
	char folder[128], beside[128];

	scratch_secret(scratch, "s", 1);
	snprintf(beside, sizeof(beside), "%s/t.yaml", scratch->folder);
	snprintf(folder, sizeof(folder), "%s", scratch_path(scratch, "elsewhere"));
	assert_int_equal(mkdir(folder, 0700), 0);
	scratch_text(scratch, "elsewhere/new.yaml", FLEET WEB);
	assert_int_equal(inputs_collect(scratch_path(scratch, "elsewhere/new.yaml"), beside, NULL,
					&errors, &inputs),
			 0);
}

/* By what is known of the time before, and by what the file says itself; in one go with other faults. */
static void an_id_that_rests_is_refused_with_its_place_and_until_when(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_errors_ struct errors errors = {}, own = {};
	_cleanup_inputs_ struct inputs *inputs = NULL;
	struct rests_id id = {.id = 1, .was = "b9", .since_s = 4102444800};
	const struct rests known = {.ids = &id, .n_ids = 1, .seen_s = 4102444800};
	char said[1024];
	const char *path = scratch_path(scratch, "t.yaml");

	scratch_secret(scratch, "s", 1);
	scratch_text(scratch, "t.yaml", FLEET WEB);
	id.since_s = time(NULL) - 86401;
	assert_int_equal(inputs_collect(path, NULL, &known, &errors, &inputs), 0);
	id.since_s = time(NULL) - 86300;
	inputs = inputs_free(inputs);
	assert_int_equal(inputs_collect(path, NULL, &known, &errors, &inputs), -EINVAL);
	assert_int_equal(errors_count(&errors), 1);
	assert_non_null(strstr(errors_text(&errors, 0), "backends.b1.id: 1 was b9's and rests until 20"));
	assert_non_null(strstr(errors_text(&errors, 0), "allowed: another id, or rest: 0"));
	snprintf(said, sizeof(said), "%sresting-ids:\n  1: {was: b9, locator: \"fd48:0:0:999::/64\", "
		 "since: \"2999-01-01T00:00:00Z\"}\n", FLEET WEB);
	scratch_text(scratch, "t.yaml", said);
	assert_int_equal(inputs_collect(path, NULL, NULL, &own, &inputs), -EINVAL);
	assert_int_equal(errors_count(&own), 1);
	assert_non_null(strstr(errors_text(&own, 0), "backends.b1.id: 1 was b9's and rests until 20"));
}

static void a_file_that_is_not_there_is_one_error(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_errors_ struct errors errors = {};

	assert_int_equal(faults_of(scratch, &errors), -ENOENT);
	assert_int_equal(errors_count(&errors), 1);
	says(scratch, &errors, 0, "%s/t.yaml: cannot be read: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(a_good_file_and_its_secret_give_configuration_and_keys),
		SCRATCH_TEST(the_first_epoch_has_no_former),
		SCRATCH_TEST(neighbouring_epochs_share_a_key),
		SCRATCH_TEST(a_missing_secret_is_named_where_the_file_names_it),
		SCRATCH_TEST(a_secret_of_the_wrong_size_or_open_to_others_is_refused),
		SCRATCH_TEST(faults_of_file_and_secret_are_found_in_one_go_and_told_by_line),
		SCRATCH_TEST(a_secret_that_is_no_name_is_one_error_and_no_file),
		SCRATCH_TEST(a_proposal_elsewhere_is_read_with_the_secret_beside_the_real_file),
		SCRATCH_TEST(an_id_that_rests_is_refused_with_its_place_and_until_when),
		SCRATCH_TEST(a_file_that_is_not_there_is_one_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
