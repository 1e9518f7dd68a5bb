/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *key;
	char *value;
};

struct sealed {
	const char *key, *value; /* lent; key NULL: the place is free */
};

struct agentrun_config {
	struct entry *entries; /* what differs from the defaults */
	size_t n;
	agr_env *env;          /* the .env beside the file; NULL: none was read */
	struct sealed *sealed; /* by the hash of the key; NULL: it may change */
	size_t n_sealed;       /* places, a power of two */
	const agr_config_key **patterns; /* those with a `*` and a default; with `sealed` */
	size_t n_patterns;
};

int agentrun_config_new(agentrun_config **out, agentrun_error **err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : agr_error_oom(err);
}

void agentrun_config_free(agentrun_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n; i++) {
		free(config->entries[i].key);
		free(config->entries[i].value);
	}
	free(config->entries);
	free(config->sealed);
	free(config->patterns);
	agr_env_free(config->env);
	free(config);
}

static struct entry *entry_find(const agentrun_config *config, const char *key)
{
	for (size_t i = 0; i < config->n; i++)
		if (strcmp(config->entries[i].key, key) == 0)
			return &config->entries[i];
	return NULL;
}

static void unseal(agentrun_config *config)
{
	free(config->sealed);
	free(config->patterns);
	config->sealed = NULL;
	config->patterns = NULL;
	config->n_sealed = config->n_patterns = 0;
}

static int entry_set(agentrun_config *config, const char *key, char *take_value,
	agentrun_error **err)
{
	struct entry *entry = entry_find(config, key), *grown;
	char *name;

	unseal(config);
	if (entry) {
		free(entry->value);
		entry->value = take_value;
		return 0;
	}
	name = strdup(key);
	grown = name ? realloc(config->entries, (config->n + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(name);
		free(take_value);
		return agr_error_oom(err);
	}
	config->entries = grown;
	grown[config->n++] = (struct entry){ name, take_value };
	return 0;
}

static bool parse_int(const char *text, int64_t *out)
{
	char *end;
	long long value;

	if (!*text || agr_is_space(*text))
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	*out = value;
	return !*end && errno == 0;
}

static bool is_number(const char *text)
{
	const char *p = text + (*text == '-');
	size_t digits = 0;

	for (; agr_is_digit(*p); p++)
		digits++;
	if (*p == '.')
		for (p++; agr_is_digit(*p); p++)
			digits++;
	return digits > 0 && !*p;
}

/* Of what is_number(). Not by strtod(), which asks the locale for its point. */
static bool is_above(const char *text, int64_t max)
{
	long long whole = strtoll(text, NULL, 10);
	size_t n = strspn(text, "0123456789");

	return whole > max || (whole == max && strpbrk(text + n, "123456789"));
}

/* -1: neither. */
static int parse_bool(const char *text)
{
	if (strcmp(text, "true") == 0)
		return 1;
	return strcmp(text, "false") == 0 ? 0 : -1;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	while (*choices) {
		size_t n = strcspn(choices, "|");

		if (n == len && memcmp(choices, text, n) == 0)
			return true;
		choices += n + (choices[n] == '|');
	}
	return false;
}

static int check_value(const agr_config_key *key, const char *name,
	const char *value, agentrun_error **err)
{
	int64_t number;

	switch (key->type) {
	case AGR_KEY_INT:
		if (!parse_int(value, &number))
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"%s wants a whole number, not \"%s\"", name, value);
		if (number < key->min)
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"%s must be at least %lld, not %lld", name,
				(long long)key->min, (long long)number);
		if (key->max && number > key->max)
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"%s must be at most %lld, not %lld", name,
				(long long)key->max, (long long)number);
		return 0;
	case AGR_KEY_NUMBER:
		if (!is_number(value) || *value == '-')
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"%s wants a number of at least 0, not \"%s\"", name, value);
		if (key->max && is_above(value, key->max))
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"%s must be at most %lld, not %s", name,
				(long long)key->max, value);
		return 0;
	case AGR_KEY_BOOL:
		if (parse_bool(value) < 0)
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"%s wants true or false, not \"%s\"", name, value);
		return 0;
	case AGR_KEY_CHOICE:
		if (!is_choice(key->choices, value))
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"%s wants one of %s, not \"%s\"", name, key->choices, value);
		return 0;
	default:
		return 0;
	}
}

int agr_config_put(agentrun_config *config, const char *key, const char *value,
	size_t len, agentrun_error **err)
{
	const agr_config_key *known = agr_config_key_find(key);
	char *copy;
	int r;

	if (!known)
		return agentrun_error_raise(err, AGENTRUN_ECONFIG, "unknown key \"%s\"", key);
	if (memchr(value, '\0', len))
		return agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"%s must not hold a NUL byte", key);
	copy = agr_strndup(value, len);
	if (!copy)
		return agr_error_oom(err);
	r = check_value(known, key, copy, err);
	if (r < 0) {
		free(copy);
		return r;
	}
	return entry_set(config, key, copy, err);
}

int agentrun_config_set(agentrun_config *config, const char *key,
	const char *value, agentrun_error **err)
{
	return agr_config_put(config, key, value, strlen(value), err);
}

int agr_config_copy(agentrun_config **out, const agentrun_config *config,
	agentrun_error **err)
{
	agentrun_config *copy = NULL;
	int r = agentrun_config_new(&copy, err);

	*out = NULL;
	for (size_t i = 0; r == 0 && config && i < config->n; i++)
		r = agentrun_config_set(copy, config->entries[i].key,
			config->entries[i].value, err);
	if (r < 0)
		agentrun_config_free(copy);
	else
		*out = copy;
	return r;
}

void agr_config_swap(agentrun_config *a, agentrun_config *b)
{
	struct entry *entries = a->entries;
	size_t n = a->n;

	unseal(a);
	unseal(b);
	a->entries = b->entries;
	a->n = b->n;
	b->entries = entries;
	b->n = n;
}

const char *agr_config_key_at(const agentrun_config *config, size_t i)
{
	return config && i < config->n ? config->entries[i].key : NULL;
}

const agr_env *agr_config_env(const agentrun_config *config)
{
	return config->env;
}

void agr_config_take_env(agentrun_config *config, agr_env *take_env)
{
	agr_env_free(config->env);
	config->env = take_env;
}

/* Where the key stands, or belongs. */
static struct sealed *sealed_find(const agentrun_config *config, const char *key)
{
	size_t mask = config->n_sealed - 1, i = 0;

	for (const char *p = key; *p; p++)
		i = (i ^ (unsigned char)*p) * 16777619u;
	for (i ^= i >> 15;; i++) {
		struct sealed *at = &config->sealed[i & mask];

		if (!at->key || strcmp(at->key, key) == 0)
			return at;
	}
}

/* Without memory it stays as it is: slower. */
void agr_config_seal(agentrun_config *config)
{
	size_t places = 64;

	unseal(config);
	while (places < 2 * (agr_config_keys_count + config->n))
		places *= 2;
	config->sealed = calloc(places, sizeof(*config->sealed));
	config->patterns = calloc(agr_config_keys_count, sizeof(*config->patterns));
	if (!config->sealed || !config->patterns) {
		unseal(config);
		return;
	}
	config->n_sealed = places;
	for (size_t i = 0; i < agr_config_keys_count; i++) {
		const agr_config_key *key = &agr_config_keys[i];

		if (!strchr(key->name, '*'))
			*sealed_find(config, key->name) = (struct sealed){ key->name, key->fallback };
		else if (key->fallback)
			config->patterns[config->n_patterns++] = key;
	}
	for (size_t i = 0; i < config->n; i++)
		*sealed_find(config, config->entries[i].key) = (struct sealed){
			config->entries[i].key, config->entries[i].value };
}

static const char *sealed_get(const agentrun_config *config, const char *key)
{
	const struct sealed *found = sealed_find(config, key);

	if (found->key)
		return found->value;
	for (size_t i = 0; i < config->n_patterns; i++)
		if (agr_config_key_matches(config->patterns[i], key))
			return config->patterns[i]->fallback;
	return NULL;
}

const char *agentrun_config_get(const agentrun_config *config, const char *key)
{
	const struct entry *entry;
	const agr_config_key *known;

	if (config && config->sealed)
		return sealed_get(config, key);
	entry = config ? entry_find(config, key) : NULL;
	if (entry)
		return entry->value;
	known = agr_config_key_find(key);
	return known ? known->fallback : NULL;
}

int64_t agentrun_config_get_int(const agentrun_config *config, const char *key,
	int64_t fallback)
{
	const char *text = agentrun_config_get(config, key);
	int64_t value;

	return text && parse_int(text, &value) ? value : fallback;
}

int agentrun_config_get_bool(const agentrun_config *config, const char *key,
	int fallback)
{
	const char *text = agentrun_config_get(config, key);
	int value = text ? parse_bool(text) : -1;

	return value < 0 ? fallback : value;
}
