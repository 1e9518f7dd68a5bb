/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/lexicon.h"

#include <string.h>

static const char reserved[] =
	"the|a|an|me|us|i|we|you|he|she|it|they|them|these|those|"
	"this|that|my|our|your|his|her|its|their|whose|who|whom|"
	"which|what|where|when|whenever|why|how|there|here|please|"
	"and|or|but|nor|neither|either|both|not|no|never|none|"
	"nothing|except|excluding|without|other|than|besides|apart|"
	"only|just|if|then|else|unless|while|because|so|as|of|to|"
	"from|in|on|at|by|for|with|within|into|onto|over|under|"
	"above|below|between|after|before|since|until|till|through|"
	"during|about|around|near|off|out|up|down|per|each|every|"
	"any|all|some|most|least|more|less|fewer|many|much|several|"
	"few|top|bottom|first|last|next|is|are|was|were|be|been|"
	"being|has|have|had|having|do|does|did|don't|doesn't|"
	"didn't|isn't|aren't|wasn't|weren't|can|could|would|will|"
	"should|may|might|must|like|want|need|show|list|get|fetch|"
	"find|give|display|return|print|select|pull|retrieve|"
	"search|see|sort|sorted|order|ordered|rank|ranked|group|"
	"grouped|filter|count|take|limit|keep|add|insert|append|"
	"remove|delete|drop|rename|change|set|update|connect|"
	"disconnect|link|unlink|replace|number|total|sum|average|"
	"avg|mean|median|minimum|maximum|min|max|highest|lowest|"
	"largest|smallest|biggest|greatest|fewest|cheapest|"
	"priciest|costliest|latest|newest|oldest|earliest|recent|"
	"fastest|slowest|shortest|longest|quickest|best|worst|"
	"cheap|cheaper|expensive|costly|new|old|today|tomorrow|"
	"yesterday|now|week|month|year|day|days|weeks|months|years|"
	"always|also|too|very|same|different|distinct|unique|asc|"
	"desc|ascending|descending|true|false|null|equal|equals|"
	"contains|containing|contain|includes|including|starts|"
	"starting|ends|ending|anything|something|anywhere|"
	"somewhere|everywhere|anyone|someone|somebody|everyone|"
	"else|possible|available|good|bad|again|back|together|"
	"instead|rather|maybe|perhaps|exactly|approximately|"
	"roughly|nearly|almost";

static const char hiding[] = "duplicate|duplicates|outlier|outliers|error|errors|"
							 "failure|failures|refund|refunds|winner|winners|loser|"
							 "losers|change|changes|difference|differences|trend|trends|"
							 "anomaly|anomalies|stats|statistics|summary|averages|"
							 "totals|sums|counts|numbers|insights|percentages|"
							 "exceptions|nulls|blanks|returns|cancellations|delays|"
							 "rejections|nonstops|bestsellers|favorites|favourites|"
							 "bargains|deals|columns|fields|keys|names|values|"
							 "comparisons|similarities|increases|decreases|reasons|"
							 "examples|samples|groups|ranks|delay|layover|stopover|wait|"
							 "queue|gap|distance|route|path|time|name|trend|direct|"
							 "nonstop|non-stop|economy|business|premium|open|closed|"
							 "round-trip|one-way|weekend|weekends|weekdays|mornings|"
							 "evenings|nights|overnight|domestic|international|"
							 "latecomers|leftovers|extremes|nodes|steps|edges|workflows|"
							 "workflow|node|step|edge|notes|hours|minutes|seconds|"
							 "dollars|cents|euros|pounds|percents|thousands|millions|"
							 "billions|dozens|hundreds|halves|thirds|others|times|"
							 "things|stuff|places|connections|retries|timeouts";

static const char money_names[] =
	"price|cost|fare|amount|fee|total|subtotal|charge|value|sales|revenue|"
	"spend|spent|bill|payment|salary|budget";

/* What fields that hold such values are called, the last word of the name. */
static const char *const class_names[] = {
	[PLAN_CLASS_NONE] = "",
	[PLAN_CLASS_PRICE] = "price|cost|fare|amount",
	[PLAN_CLASS_MONEY] = money_names,
	[PLAN_CLASS_DURATION] = "duration|length|elapsed|runtime|latency",
	[PLAN_CLASS_DATE] = "date",
	[PLAN_CLASS_RATING] = "rating|score|stars",
	[PLAN_CLASS_SPEED] = "speed|velocity|mph|kmh",
	[PLAN_CLASS_AGE] = "age",
};

const plan_superlative agr_plan_superlatives[] = {
	{ "cheapest|least expensive|least costly|lowest priced|"
	  "lowest-priced|lowest-cost",
		PLAN_CLASS_MONEY, false },
	{ "most expensive|priciest|costliest|most costly|dearest|"
	  "highest priced|highest-priced",
		PLAN_CLASS_MONEY, true },
	{ "latest|newest|most recent", PLAN_CLASS_DATE, true },
	{ "earliest|oldest|least recent", PLAN_CLASS_DATE, false },
	{ "shortest|fastest|quickest", PLAN_CLASS_DURATION, false },
	{ "longest|slowest", PLAN_CLASS_DURATION, true },
	{ "best rated|best-rated|highest rated|highest-rated|"
	  "top rated|top-rated",
		PLAN_CLASS_RATING, true },
	{ "worst rated|worst-rated|lowest rated|lowest-rated", PLAN_CLASS_RATING, false },
	{ NULL, PLAN_CLASS_NONE, false },
};

/* Longer wordings first; "email" and the like are functions that say what they do. */
const plan_node_words agr_plan_node_types[] = {
	{ "human approval|manual approval|approval|human review|"
	  "human-in-the-loop|human|hitl",
		"hitl", NULL },
	{ "http request|api request|http call|api call|http|api|"
	  "rest call|web request",
		"http", NULL },
	{ "slack notification|slack message|slack", "function", "slack" },
	{ "email notification|email|e-mail|mail", "function", "email" },
	{ "sms notification|text message|sms", "function", "sms" },
	{ "notification|notify", "function", "notify" },
	{ "function", "function", NULL },
	{ "conditional|condition", "conditional", NULL },
	{ "branch", "branch", NULL },
	{ "loop", "loop", NULL },
	{ "parallel", "parallel", NULL },
	{ "transform|transformation", "transform", NULL },
	{ "aggregate|aggregation", "aggregate", NULL },
	{ "filter", "filter", NULL },
	{ "ai agent|agent", "agent", NULL },
	{ "task", "task", NULL },
	{ "start", "start", NULL },
	{ "end", "end", NULL },
	{ NULL, NULL, NULL },
};

bool agr_plan_in_list(const char *word, const char *alternatives)
{
	size_t n = strlen(word);

	for (const char *p = alternatives; n && *p;) {
		const char *end = strchrnul(p, '|');

		if ((size_t)(end - p) == n && memcmp(p, word, n) == 0)
			return true;
		p = *end ? end + 1 : end;
	}
	return false;
}

bool agr_plan_is_reserved(const char *low)
{
	return agr_plan_in_list(low, reserved);
}

static bool ends_with(const char *low, const char *tail)
{
	size_t n = strlen(low), t = strlen(tail);

	return n > t + 1 && strcmp(low + n - t, tail) == 0;
}

bool agr_plan_hides_condition(const char *low)
{
	static const char *const adjectives[] = { "able", "ible", "ed", "ing", "ive", "ous",
		"ful", "less", "ly", "ic", "ical", "est", "ish", "ward", "wards" };

	if (agr_plan_in_list(low, hiding))
		return true;
	for (size_t i = 0; i < AGR_COUNT(adjectives); i++)
		if (ends_with(low, adjectives[i]))
			return true;
	return false;
}

bool agr_plan_in_class(const char *parts, plan_class which)
{
	size_t n = agr_plan_base_len(parts);
	char base[64];
	const char *last;

	n = n ? n : strlen(parts);
	if (n >= sizeof(base))
		return false;
	memcpy(base, parts, n);
	base[n] = '\0';
	last = strrchr(base, ' ');
	return agr_plan_in_list(last ? last + 1 : base, class_names[which]);
}

size_t agr_plan_base_len(const char *parts)
{
	static const char suffixes[] =
		"min|mins|minutes|sec|secs|seconds|ms|s|h|hours|days|usd|"
		"eur|gbp|cents|pct|percent|kg|km|mb|gb|at|on|date|time|name|"
		"m|cm|mm|ft|mi|km2|m2|sqm|sqkm|g|lb|lbs";
	const char *last = strrchr(parts, ' ');

	if (!last || !agr_plan_in_list(last + 1, suffixes))
		return 0;
	return (size_t)(last - parts);
}

int agr_plan_month(const char *low)
{
	static const char *const months[] = { "january|jan", "february|feb", "march|mar",
		"april|apr", "may", "june|jun", "july|jul", "august|aug", "september|sep|sept",
		"october|oct", "november|nov", "december|dec" };

	for (int i = 0; i < 12; i++)
		if (agr_plan_in_list(low, months[i]))
			return i + 1;
	return 0;
}

bool agr_plan_is_node_type(const char *type)
{
	return agr_plan_in_list(type,
		"function|http|conditional|branch|loop|parallel|transform|"
		"aggregate|filter|agent|task|hitl|start|end");
}
