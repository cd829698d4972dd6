/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/generations.h"

/* The other places of a row may be candidates: they are stored again as they are. */
static void row_put(const struct tables *tables, uint32_t at, uint32_t bank, uint16_t value)
{
	uint64_t *places = &tables->rows[at];
	uint32_t shift = bank * ROW_PLACE_BITS;

	publish(places, (*places & ~(0xffffULL << shift)) | (uint64_t)value << shift);
}

static bool bank_equal(const struct tables *tables, const struct generation *generation, uint32_t bank)
{
	for (uint32_t row = 0; row < generation->size; row++) {
		if (row_place(tables->rows[generation->first + row], bank) != generation->values[row])
			return false;
		if (generation->home && row_place(tables->rows[generation->home + row], bank) !=
						generation->home_values[row])
			return false;
	}
	return true;
}

static void bank_put(const struct tables *tables, const struct generation *generation, uint32_t bank)
{
	for (uint32_t row = 0; row < generation->size; row++) {
		row_put(tables, generation->first + row, bank, generation->values[row]);
		if (generation->home)
			row_put(tables, generation->home + row, bank, generation->home_values[row]);
	}
}

/* The banks with `bank` in front and the others behind it, newest first, `most` in all. */
static uint32_t banks_lead(uint32_t banks, uint32_t bank, uint32_t most)
{
	uint32_t lead = bank, count = 1;

	for (uint32_t i = 0; i < rows_count(banks) && count < most; i++)
		if (rows_bank(banks, i) != bank)
			lead |= rows_bank(banks, i) << (8 * count++);
	return lead | count << 24;
}

/* Without the newest. */
static uint32_t banks_behind(uint32_t banks)
{
	uint32_t count = rows_count(banks);

	return count ? (banks & 0xffffff) >> 8 | (count - 1) << 24 : 0;
}

static uint32_t bank_spare(uint32_t banks)
{
	for (uint32_t bank = 0; bank < ROW_BANKS; bank++) {
		bool used = false;

		for (uint32_t i = 0; i < rows_count(banks); i++)
			used |= rows_bank(banks, i) == bank;
		if (!used)
			return bank;
	}
	return 0; /* not reached: there is one bank more than candidates */
}

void generation_publish(const struct tables *tables, uint32_t *banks,
			const struct generation *generation, uint32_t most, bool instead)
{
	uint32_t now = *banks, others = instead ? banks_behind(now) : now, bank;

	for (uint32_t i = 0; i < rows_count(now); i++)
		if (bank_equal(tables, generation, rows_bank(now, i))) {
			publish(banks, banks_lead(others, rows_bank(now, i), most));
			return;
		}
	bank = bank_spare(now);
	bank_put(tables, generation, bank);
	/* The first one stands in all of them, so that rows agree (wire/maps.h). */
	for (uint32_t other = 0; other < ROW_BANKS && !rows_count(now); other++)
		bank_put(tables, generation, other);
	publish(banks, banks_lead(others, bank, most));
}
