/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "io/secret.h"

static struct secret counting(void)
{
	struct secret secret;

	for (unsigned int i = 0; i < SECRET_BYTES; i++)
		secret.bytes[i] = i;
	return secret;
}

/* A file of so many bytes; its name stays in `path`. */
static void write_file(char path[static 32], size_t length, mode_t mode)
{
	uint8_t bytes[64];
	int fd;

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	strcpy(path, "/tmp/holdfast-secret-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void refuses(const char *path, int err, const char *what)
{
	_cleanup_errors_ struct errors errors = {};
	struct secret untouched = counting(), output = untouched;
	char message[256];

	snprintf(message, sizeof(message), "%s: %s", path, what);
	assert_int_equal(secret_read(path, &errors, &output), err);
	assert_int_equal(errors_count(&errors), 1);
	assert_string_equal(errors_text(&errors, 0), message);
	assert_memory_equal(&output, &untouched, sizeof(output));
}

static void a_file_of_32_bytes_is_read(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	struct secret read, wanted = counting();
	char path[32];

	write_file(path, 32, 0400);
	assert_int_equal(secret_read(path, &errors, &read), 0);
	assert_memory_equal(&read, &wanted, sizeof(read));
	assert_int_equal(errors_count(&errors), 0);
	unlink(path);
}

static void a_file_that_is_not_there_tells_how_to_make_one(void **state)
{
	refuses("/nowhere/secret", -ENOENT,
		"does not exist, allowed: 32 bytes, the same on all nodes (head -c 32 /dev/urandom)");
}

static void a_file_of_another_size_is_refused(void **state)
{
	char path[32];

	write_file(path, 33, 0600);
	refuses(path, -EINVAL, "has 33 bytes, allowed: 32 (head -c 32 /dev/urandom)");
	unlink(path);
	write_file(path, 0, 0600);
	refuses(path, -EINVAL, "has 0 bytes, allowed: 32 (head -c 32 /dev/urandom)");
	unlink(path);
}

static void a_file_that_others_can_read_is_refused(void **state)
{
	char path[32];

	write_file(path, 32, 0640);
	refuses(path, -EACCES, "is open to others (mode 640), allowed: 600 or 400 (chmod 600)");
	chmod(path, 0604);
	refuses(path, -EACCES, "is open to others (mode 604), allowed: 600 or 400 (chmod 600)");
	unlink(path);
}

static void a_folder_or_a_fifo_is_refused_without_waiting(void **state)
{
	char path[32];

	refuses("/tmp", -EINVAL, "is no regular file, allowed: one of 32 bytes");
	write_file(path, 0, 0600);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refuses(path, -EINVAL, "is no regular file, allowed: one of 32 bytes");
	unlink(path);
}

/* Of an HMAC in another language: RFC 5869 with salt "holdfast", info "flow hash". */
static void a_key_is_hkdf_of_the_secret(void **state)
{
	const uint8_t known[48] = {0xf6, 0x2b, 0xa6, 0xb9, 0x52, 0xa9, 0x64, 0xee, 0xcc, 0x26,
				   0x52, 0xcf, 0x9b, 0x1f, 0x54, 0x2b, 0x84, 0xc6, 0xe8, 0x48,
				   0x3d, 0x4f, 0x33, 0x2d, 0x70, 0xaf, 0xe3, 0x7d, 0xd7, 0x34,
				   0x48, 0x3b, 0xa7, 0xfa, 0x83, 0xd7, 0x9d, 0x07, 0xe7, 0x08,
				   0xff, 0x74, 0xa7, 0x23, 0x72, 0xd7, 0x66, 0x71};
	struct secret secret = counting();
	uint8_t key[48];

	assert_int_equal(secret_derive(&secret, "flow hash", key, sizeof(key)), 0);
	assert_memory_equal(key, known, sizeof(key));
}

static void two_nodes_with_one_secret_have_equal_keys(void **state)
{
	struct secret here = counting(), there = counting();
	uint8_t a[16], b[16];

	secret_derive(&here, "heartbeat", a, sizeof(a));
	secret_derive(&there, "heartbeat", b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
}

static void another_label_or_secret_gives_another_key(void **state)
{
	struct secret secret = counting(), other = counting();
	uint8_t a[16], b[16], c[16];

	other.bytes[31] ^= 1;
	secret_derive(&secret, "heartbeat", a, sizeof(a));
	secret_derive(&secret, "who has", b, sizeof(b));
	secret_derive(&other, "heartbeat", c, sizeof(c));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, c, sizeof(a));
}

static void a_key_has_the_bound_of_the_rfc(void **state)
{
	struct secret secret = counting();
	uint8_t *key = calloc(1, SECRET_KEY_MAX + 1);

	assert_int_equal(secret_derive(&secret, "long", key, SECRET_KEY_MAX + 1), -EINVAL);
	assert_int_equal(key[0], 0);
	assert_int_equal(secret_derive(&secret, "long", key, SECRET_KEY_MAX), 0);
	free(key);
}

static void an_erased_secret_is_zero(void **state)
{
	struct secret secret = counting(), zero = {};

	secret_erase(&secret);
	assert_memory_equal(&secret, &zero, sizeof(zero));
}

static void a_path_is_relative_to_the_configuration(void **state)
{
	static const struct {
		const char *config, *path, *joined;
	} cases[] = {
		{"/etc/holdfast/holdfast.yaml", "secret", "/etc/holdfast/secret"},
		{"/etc/holdfast/holdfast.yaml", "/run/secret", "/run/secret"},
		{"holdfast.yaml", "secret", "secret"},
		{"/holdfast.yaml", "keys/secret", "/keys/secret"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_free_ char *joined = NULL;

		assert_int_equal(secret_path(cases[i].config, cases[i].path, &joined), 0);
		assert_string_equal(joined, cases[i].joined);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_32_bytes_is_read),
		cmocka_unit_test(a_file_that_is_not_there_tells_how_to_make_one),
		cmocka_unit_test(a_file_of_another_size_is_refused),
		cmocka_unit_test(a_file_that_others_can_read_is_refused),
		cmocka_unit_test(a_folder_or_a_fifo_is_refused_without_waiting),
		cmocka_unit_test(a_key_is_hkdf_of_the_secret),
		cmocka_unit_test(two_nodes_with_one_secret_have_equal_keys),
		cmocka_unit_test(another_label_or_secret_gives_another_key),
		cmocka_unit_test(a_key_has_the_bound_of_the_rfc),
		cmocka_unit_test(an_erased_secret_is_zero),
		cmocka_unit_test(a_path_is_relative_to_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
