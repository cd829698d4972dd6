/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/number.h"

#include <errno.h>
#include <string.h>

int number_parse(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t number = 0;

	/* A leading zero means octal to some readers and nothing to others. */
	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	if (text[strspn(text, "0123456789")])
		return -EINVAL;
	for (; *text; text++) {
		unsigned int digit = *text - '0';

		if (digit > max || number > (max - digit) / 10)
			return -ERANGE;
		number = number * 10 + digit;
	}
	*ret = number;
	return 0;
}
