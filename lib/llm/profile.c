/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/llm.h"
#include "llm/own.h"

static const agr_codec *const built_in[] = { &agr_codec_openai, &agr_codec_anthropic,
	&agr_codec_gemini };

void agr_profile_clear(agr_profile *profile)
{
	for (size_t i = 0; i < profile->n_headers; i++)
		free(profile->headers[i]);
	free(profile->headers);
	free(profile->name);
	free(profile->model);
	free(profile->more);
	memset(profile, 0, sizeof(*profile));
}

/* ---- the configuration ---------------------------------------------------------- */

static const char *own_key(const agentrun_config *config, const char *name,
	const char *member)
{
	static const char head[] = "llm.providers.";
	size_t n = strlen(name), m = strlen(member) + 1;
	const char *value = NULL;
	char key[200], *p;

	if (n + m + sizeof(head) <= sizeof(key) && !memchr(name, '.', n)) {
		p = mempcpy(key, head, sizeof(head) - 1);
		p = mempcpy(p, name, n);
		*p++ = '.';
		memcpy(p, member, m); /* with its end */
		value = agentrun_config_get(config, key);
	}
	return value && *value ? value : NULL;
}

static const char *setting(const agentrun_config *config, const char *name,
	const char *member)
{
	const char *value = own_key(config, name, member), *provider;
	char key[64];

	if (value)
		return value;
	provider = agentrun_config_get(config, "llm.provider");
	if (strcmp(provider, "auto") != 0 && strcmp(provider, "builtin") != 0 &&
		strcmp(provider, name) != 0)
		return NULL;
	/* A key that is nobody's by name is the first provider's, see agr_llm_choose(): it
	 * must not reach another vendor by a fallback. */
	if (strcmp(provider, "auto") == 0 && strcmp(member, "api_key") == 0 &&
		strcmp(name, built_in[0]->name) != 0)
		return NULL;
	snprintf(key, sizeof(key), "llm.%s", member);
	value = agentrun_config_get(config, key);
	return value && *value ? value : NULL;
}

double agr_llm_number(const agentrun_config *config, const char *key, double fallback)
{
	const char *text = agentrun_config_get(config, key);
	double digits = 0, unit = 1;

	if (!text || !*text)
		return fallback;
	for (; agr_is_digit(*text); text++)
		digits = digits * 10 + (*text - '0');
	if (*text == '.')
		for (text++; agr_is_digit(*text); text++) {
			digits = digits * 10 + (*text - '0');
			unit *= 10;
		}
	return digits / unit;
}

/* ---- which one --------------------------------------------------------------------- */

static const agr_codec *codec_of(const agentrun_ctx *ctx, const char *name)
{
	static const struct {
		const char *kind;
		const agr_codec *codec;
	} kinds[] = {
		{ "openai", &agr_codec_openai }, { "responses", &agr_codec_responses },
		{ "anthropic", &agr_codec_anthropic }, { "gemini", &agr_codec_gemini },
	};
	const agr_codec *own = agr_own_provider_find(ctx->providers, name);
	const char *kind = own_key(ctx->config, name, "kind"), *api;

	if (own)
		return own;
	if (!kind)
		kind = name;
	api = setting(ctx->config, name, "api");
	if (strcmp(kind, "openai") == 0 && api && strcmp(api, "responses") == 0)
		return &agr_codec_responses;
	for (size_t i = 0; i < AGR_COUNT(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0 &&
			(kinds[i].codec != &agr_codec_responses || kind != name))
			return kinds[i].codec;
	return NULL;
}

bool agr_llm_has(const agentrun_ctx *ctx, const char *name)
{
	return codec_of(ctx, name) != NULL;
}

bool agr_llm_name_is_taken(const agentrun_ctx *ctx, const char *name)
{
	for (size_t i = 0; i < AGR_COUNT(built_in); i++)
		if (strcmp(built_in[i]->name, name) == 0)
			return true;
	return strcmp(name, "auto") == 0 || strcmp(name, "builtin") == 0 ||
		agr_own_provider_find(ctx->providers, name);
}

const char *agr_llm_choose(const agentrun_ctx *ctx, const char *asked)
{
	const char *key;

	if (!asked || strcmp(asked, "auto") == 0)
		asked = agentrun_config_get(ctx->config, "llm.provider");
	if (strcmp(asked, "auto") != 0)
		return asked;
	for (size_t i = 0; i < AGR_COUNT(built_in); i++)
		if (own_key(ctx->config, built_in[i]->name, "api_key"))
			return built_in[i]->name;
	key = agentrun_config_get(ctx->config, "llm.api_key");
	return key && *key ? built_in[0]->name : "builtin";
}

/* ---- how --------------------------------------------------------------------------- */

static bool is_line(const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);

	if (!colon || colon == text)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static int read_headers(agr_profile *out, const char *lines, agentrun_error **err)
{
	while (lines && *lines) {
		size_t n = strcspn(lines, "\n");
		char **grown;

		if (!is_line(lines, n))
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"a line of the provider's headers is not \"Name: value\"");
		grown = realloc(out->headers, (out->n_headers + 1) * sizeof(*grown));
		if (!grown)
			return agr_error_oom(err);
		out->headers = grown;
		grown[out->n_headers] = agr_strndup(lines, n);
		if (!grown[out->n_headers])
			return agr_error_oom(err);
		out->n_headers++;
		lines += n + (lines[n] == '\n');
	}
	return 0;
}

/* The members of an object without its braces. */
static int read_more(agr_profile *out, const char *text, agentrun_error **err)
{
	agr_text document = { .name = "llm.providers.*.body", .p = text,
		.n = text ? strlen(text) : 0, .code = AGENTRUN_ECONFIG };
	agr_buf more = AGR_BUF_INIT;
	agr_span object;
	int r;

	if (!text)
		return 0;
	r = agr_scan_document(&object, &document, err);
	if (r == 0 && agr_span_type(object) != AGR_TYPE_OBJECT)
		r = agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"the provider's \"body\" is no JSON object");
	if (r < 0)
		return r;
	agr_value_write(&more, object);
	if (!more.failed && more.len > 2) {
		more.data[more.len - 1] = '\0';
		out->more = strdup(more.data + 1);
	}
	r = more.failed || (more.len > 2 && !out->more) ? agr_error_oom(err) : 0;
	agr_buf_free(&more);
	return r;
}

static int check_key(const agr_profile *profile, bool needed, agentrun_error **err)
{
	if (!profile->api_key && needed)
		return agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"there is no key for the provider %s: set llm.providers.%s.api_key or its "
			"environment variable (OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY)",
			profile->name, profile->name);
	for (const char *p = profile->api_key; p && *p; p++)
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"the key of the provider %s holds a character that no key has",
				profile->name);
	return 0;
}

int agr_profile_read(agr_profile *out, const agentrun_ctx *ctx, const char *name,
	const char *model, agentrun_error **err)
{
	const agentrun_config *config = ctx->config;
	bool at_vendor;
	int r;

	memset(out, 0, sizeof(*out));
	out->codec = codec_of(ctx, name);
	if (!out->codec)
		return agentrun_error_raise(err, AGENTRUN_ECONFIG, "there is no provider named "
			"\"%s\": llm.providers.%s.kind says which API it speaks", name, name);
	if (!model)
		model = setting(config, name, "model");
	if (!model)
		model = out->codec->model ? out->codec->model : "default";
	out->name = strdup(name);
	out->model = strdup(model);
	if (!out->name || !out->model)
		return agr_error_oom(err);
	out->base_url = setting(config, name, "base_url");
	at_vendor = !out->base_url && codec_of(ctx, name)->base_url &&
		!agr_own_provider_find(ctx->providers, name);
	if (!out->base_url)
		out->base_url = out->codec->base_url ? out->codec->base_url : "";
	out->api_key = setting(config, name, "api_key");
	out->return_reasoning = own_key(config, name, "return_reasoning") &&
		strcmp(own_key(config, name, "return_reasoning"), "true") == 0;
	r = read_headers(out, setting(config, name, "headers"), err);
	if (r == 0)
		r = read_more(out, own_key(config, name, "body"), err);
	return r < 0 ? r : check_key(out, at_vendor && !out->n_headers, err);
}

/* ---- once --------------------------------------------------------------------------- */

struct agr_known_profile {
	struct agr_known_profile *next;
	char *name, *model; /* as they were asked for; model: NULL, the configured one */
	agr_profile profile;
};

static void forget(struct agr_known_profile *known)
{
	agr_profile_clear(&known->profile);
	free(known->name);
	free(known->model);
	free(known);
}

void agr_llm_forget_profiles(agr_llm *llm)
{
	while (llm->profiles) {
		struct agr_known_profile *next = llm->profiles->next;

		forget(llm->profiles);
		llm->profiles = next;
	}
}

static bool is_of(const struct agr_known_profile *known, const char *name, const char *model)
{
	if (strcmp(known->name, name) != 0)
		return false;
	return model && known->model ? strcmp(known->model, model) == 0 : model == known->model;
}

/* With the lock held. */
static int learn(const agr_profile **out, agr_llm *llm, const char *name, const char *model,
	agentrun_error **err)
{
	struct agr_known_profile *known = calloc(1, sizeof(*known));
	int r = 0;

	if (!known)
		return agr_error_oom(err);
	known->name = strdup(name);
	known->model = model ? strdup(model) : NULL;
	if (!known->name || (model && !known->model))
		r = agr_error_oom(err);
	if (r == 0)
		r = agr_profile_read(&known->profile, llm->ctx, name, model, err);
	if (r < 0) {
		forget(known);
		return r;
	}
	known->next = llm->profiles;
	llm->profiles = known;
	*out = &known->profile;
	return 0;
}

int agr_llm_profile(const agr_profile **out, agr_llm *llm, const char *name,
	const char *model, agentrun_error **err)
{
	const struct agr_known_profile *known;
	int r = 0;

	pthread_mutex_lock(&llm->lock);
	for (known = llm->profiles; known && !is_of(known, name, model);)
		known = known->next;
	if (known)
		*out = &known->profile;
	else
		r = learn(out, llm, name, model, err);
	pthread_mutex_unlock(&llm->lock);
	return r;
}
