/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/siphash.h"
#include "wire/whohas.h"

/* The paper's key, and its message: 0, 1, 2 ... The values are OpenSSL's, which knows the algorithm too. */
static const struct siphash_key key = {
	.words = {0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL},
};

static const uint8_t message[64] __attribute__((aligned(8))) = {
	0,  1,	2,  3,	4,  5,	6,  7,	8,  9,	10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

static void the_values_are_those_of_openssl(void **state)
{
	const __u64 *words = (const __u64 *)(const void *)message;

	assert_int_equal(be64toh(siphash(words, 0, &key)), 0x310E0EDD47DB6F72);
	assert_int_equal(be64toh(siphash(words, 1, &key)), 0x6224939A79F5F593);
	assert_int_equal(be64toh(siphash(words, 2, &key)), 0xDB9BC2577FCC2A3F);
	assert_int_equal(be64toh(siphash(words, 8, &key)), 0xD8CA02850BC4D2AC);
}

static void the_tag_is_over_the_addresses_and_all_in_front_of_it(void **state)
{
	struct whohas_sealed sealed = {.message = {.magic = WHOHAS_MAGIC, .token = 7}};
	uint64_t before = whohas_tag(&sealed, &key);

	for (size_t at = 0; at < sizeof(sealed); at++) {
		((uint8_t *)&sealed)[at] ^= 0x80;
		if (at < offsetof(struct whohas_sealed, message.tag))
			assert_int_not_equal(whohas_tag(&sealed, &key), before);
		else
			assert_int_equal(whohas_tag(&sealed, &key), before);
		((uint8_t *)&sealed)[at] ^= 0x80;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_values_are_those_of_openssl),
		cmocka_unit_test(the_tag_is_over_the_addresses_and_all_in_front_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
