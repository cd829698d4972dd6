/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A plain driver for a harness: inputs from a corpus, changed at random, seed after seed. What a
 * seed makes is always the same: `--seed N` runs it once more.
 *
 *	mutate_HARNESS FOLDER... [--seconds N]    seeds from 1 on, for so long (default 2)
 *	mutate_HARNESS FOLDER... --seed N         this one, and prints the input
 */
#include <dirent.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define CORPUS_MAX 64
#define INPUT_MAX 65536
#define CHANGES_MAX 8

struct input {
	uint8_t bytes[INPUT_MAX];
	size_t size;
};

static struct input corpus[CORPUS_MAX];
static size_t n_corpus;
static unsigned long seed;

/* What configurations and messages are made of; a change puts one of them somewhere. */
static const char *const words[] = {
	":",
	"- ",
	"[",
	"]",
	"{",
	"}",
	"\n",
	"  ",
	"\"",
	"#",
	"&a ",
	"*a",
	"!!int ",
	"---\n",
	"null",
	"~",
	"\xff",
	"\\x00",
	"true",
	"any",
	"80-90",
	"0",
	"-1",
	"32767",
	"65536",
	"4294967296",
	"99999999999999999999",
	"fd48::/32",
	"0.0.0.0/0",
	"::/0",
	"::1/64",
	"b1",
	"sites",
	"gateways",
	"backends",
	"services",
	"vips",
	"locator",
	"weight",
	"enabled",
	"max-backends",
	"interfaces",
	"ports",
	"protocol",
	"agent: false",
	"id: 1",
	"infrastructure",
	"secret",
	"null",
	"\\u0000",
	"=",
	"A",
	"/",
	"1e999",
	"[fe80::1]:80",
};

/* xorshift64* (Vigna, 2016) */
static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static size_t below(size_t n)
{
	return n ? next_random() % n : 0;
}

/* Takes `cut` bytes out at `at` and puts `n` others there. */
static void splice(struct input *input, size_t at, size_t cut, const void *bytes, size_t n)
{
	if (cut > input->size - at)
		cut = input->size - at;
	if (input->size - cut + n > INPUT_MAX)
		return;
	memmove(input->bytes + at + n, input->bytes + at + cut, input->size - at - cut);
	if (n)
		memcpy(input->bytes + at, bytes, n);
	input->size += n - cut;
}

static size_t line_at(const struct input *input, size_t *ret_length)
{
	size_t from = below(input->size), to = from;

	while (from && input->bytes[from - 1] != '\n')
		from--;
	while (to < input->size && input->bytes[to] != '\n')
		to++;
	*ret_length = to - from + (to < input->size);
	return from;
}

static void change(struct input *input)
{
	const char *word = words[below(sizeof(words) / sizeof(*words))];
	size_t at = below(input->size + 1), length, from;
	static uint8_t line[INPUT_MAX];
	uint8_t byte = next_random();

	switch (below(6)) {
	case 0:
		splice(input, at, 1, &byte, 1);
		break;
	case 1:
		splice(input, at, 0, word, strlen(word));
		break;
	case 2:
		splice(input, at, 1 + below(16), word, strlen(word));
		break;
	case 3: /* a line goes */
		from = line_at(input, &length);
		splice(input, from, length, NULL, 0);
		break;
	case 4: /* a line comes a second time, elsewhere */
		from = line_at(input, &length);
		memcpy(line, input->bytes + from, length);
		from = line_at(input, &(size_t){0});
		splice(input, from, 0, line, length);
		break;
	case 5:
		input->size = at;
		break;
	}
}

static void run_seed(bool print)
{
	static struct input input;
	uint8_t *exact;

	state = seed * 0x9e3779b97f4a7c15ULL | 1;
	next_random();
	input = corpus[below(n_corpus)];
	for (size_t i = 1 + below(CHANGES_MAX); i; i--)
		change(&input);
	if (print)
		fwrite(input.bytes, 1, input.size, stdout);
	/* Of its very size, so that a sanitizer sees a byte too many. */
	exact = malloc(input.size ? input.size : 1);
	memcpy(exact, input.bytes, input.size);
	LLVMFuzzerTestOneInput(exact, input.size);
	free(exact);
}

static void on_crash(int number)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "not ok 1 - seed %lu ends with signal %d\n", seed,
			 number);

	if (write(STDOUT_FILENO, text, n) == n)
		_exit(1);
	_exit(2);
}

static void read_corpus(const char *folder)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	while (directory && n_corpus < CORPUS_MAX && (entry = readdir(directory))) {
		struct input *input = &corpus[n_corpus];
		char path[512];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		file = entry->d_name[0] != '.' ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		input->size = fread(input->bytes, 1, INPUT_MAX / 2, file);
		n_corpus += input->size > 0;
		fclose(file);
	}
	if (directory)
		closedir(directory);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* For so long; a crash names its seed. */
static void run_seeds(double seconds)
{
	double end = now_s() + seconds;

	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	printf("1..1\n");
	fflush(stdout);
	while (now_s() < end) {
		seed++;
		run_seed(false);
	}
	printf("ok 1 - %s: %lu tried\n", fuzz_holds, seed);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seed", required_argument, NULL, 'e'},
						{"seconds", required_argument, NULL, 't'},
						{}};
	double seconds = 2;
	int letter;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (letter == 'e')
			seed = strtoul(optarg, NULL, 10);
		else if (letter == 't')
			seconds = strtod(optarg, NULL);
		else
			return 2;
	}
	for (int i = optind; i < argc; i++)
		read_corpus(argv[i]);
	if (!n_corpus) {
		fprintf(stderr, "mutate: no corpus, name a folder of inputs\n");
		return 2;
	}
	if (seed)
		run_seed(true);
	else
		run_seeds(seconds);
	return 0;
}
