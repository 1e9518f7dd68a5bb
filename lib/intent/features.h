/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * features - what can be said of a prompt's build: how it begins, whether it
 * stands for once or for good, what it is about. Not which words it holds: the
 * same topic may be asked about, changed once, or ruled for ever.
 */
#ifndef AGR_FEATURES_H
#define AGR_FEATURES_H

#include "intent/tokens.h"

/* X(NAME, phrase): the phrase follows "it ..." in the reasoning. */
#define AGR_FEATURES(X)                                                                  \
	X(LEAD_SETUP, "begins with a verb that changes structure or settings")           \
	X(LEAD_STRICT, "begins with a verb of structure or settings alone")              \
	X(LEAD_EDIT, "begins with a verb of change")                                     \
	X(LEAD_QUERY, "begins with a verb that asks for something")                      \
	X(LEAD_COMPUTE, "begins with a verb that works on data")                         \
	X(LEAD_ACT, "begins with a verb that does something")                            \
	X(LEAD_QUERY_ME, "asks to be shown or told something")                           \
	X(LEAD_ME_LATER, "asks to be told of something to come")                         \
	X(LEAD_WHAT, "begins with a question word")                                      \
	X(LEAD_HOW_MANY, "asks how many or how much")                                    \
	X(LEAD_HOW, "asks how")                                                          \
	X(LEAD_WHY, "asks why")                                                          \
	X(LEAD_WHEN_DID, "asks when something is or was")                                \
	X(LEAD_AUX, "begins as a yes-or-no question")                                    \
	X(LEAD_I, "begins with the speaker")                                             \
	X(LEAD_YOU, "begins with whom it speaks to")                                     \
	X(LEAD_WHEN, "begins with a condition")                                          \
	X(LEAD_EACH, "begins with something that repeats")                               \
	X(LEAD_DONT, "says what not to do")                                              \
	X(LEAD_RULE, "begins with a word that makes it stand")                           \
	X(LEAD_TIME, "begins with a time")                                               \
	X(LEAD_TALK, "begins with small talk")                                           \
	X(LEAD_VAGUE, "begins with a word that says nothing on its own")                 \
	X(LEAD_ING, "begins with a verb in another form")                                \
	X(LEAD_OTHER, "begins with its subject")                                         \
	X(POLITE, "is asked politely")                                                   \
	X(WANTS, "says what the speaker wants")                                          \
	X(SUGGESTS, "suggests to do something")                                          \
	X(WANTS_SO, "says what the speaker wants something to do")                       \
	X(ASKED, "is put as a question")                                                 \
	X(ASKS_YOU, "asks about whom it speaks to")                                      \
	X(ASKS_ADVICE, "asks for advice")                                                \
	X(RULE, "says that it shall stand")                                              \
	X(RULE_ACT, "rules that something is done")                                      \
	X(PERIOD, "repeats in time")                                                     \
	X(PERIOD_ACT, "does something again and again")                                  \
	X(PERIOD_ASKED, "asks about something that repeats")                             \
	X(EACH, "is about each of something")                                            \
	X(WHEN_INSIDE, "holds a condition")                                              \
	X(WHEN_ACT, "ties an action to a condition")                                     \
	X(WHEN_ASKED, "asks about a condition")                                          \
	X(CLOCK, "names a time of day")                                                  \
	X(QUANTITY, "gives a quantity with its unit")                                    \
	X(NUMBER, "holds a number")                                                      \
	X(RECORD, "names one record by its number")                                      \
	X(SYSTEM, "names a part of an automation")                                       \
	X(SETTING, "names a setting")                                                    \
	X(CHANGE_SYSTEM, "changes a part of an automation")                              \
	X(CHANGE_SETTING, "changes a setting")                                           \
	X(CHANGE_RECORD, "changes one record")                                           \
	X(CHANGE_PLAIN, "changes data, with no word of an automation")                   \
	X(ACT_ONCE, "does something, with no word of when or how often")                 \
	X(LATE_QUESTION, "comes to a question")                                          \
	X(CHANGE_TO, "says what something becomes")                                      \
	X(ASKS_SYSTEM, "asks about a part of an automation")                             \
	X(PLACE, "says where in the order something stands")                             \
	X(IDENTIFIER, "holds a name as programs write it")                               \
	X(CONTRAST, "sets one way against another")                                      \
	X(MUST, "says how something has to be")                                          \
	X(PAST, "is about the past")                                                     \
	X(NOW, "is about this one time")                                                 \
	X(PERIOD_BOUND, "is about a stretch of time")                                    \
	X(MOST, "sums up or compares")                                                   \
	X(MINE, "is about the speaker")                                                  \
	X(YOU, "is about whom it speaks to")                                             \
	X(TALK, "holds words of small talk")                                             \
	X(TALK_TWICE, "is mostly small talk")                                            \
	X(FEEL, "judges or feels")                                                       \
	X(CHANNEL, "names a way to send or keep things")                                 \
	X(CHANNEL_TWICE, "joins two services")                                           \
	X(ACT_CHANNEL, "sends or keeps something")                                       \
	X(NEW, "is about something that arrives")                                        \
	X(BUILD, "is about building software")                                           \
	X(CHANGE_BUILD, "changes how software is built")                                 \
	X(TWO_ACTS, "names two actions")                                                 \
	X(PASSIVE, "says what is done to something")                                     \
	X(STATES, "states what happens to something")                                    \
	X(NO_VERB, "has no verb")                                                        \
	X(GIVES_VALUE, "gives a setting its value")                                      \
	X(BOUND, "sets a bound")                                                         \
	X(NARROWED, "narrows down what it is about")                                     \
	X(NARROWED_TWICE, "narrows down closely what it is about")                       \
	X(EMPTY, "names nothing that could be acted on")                                 \
	X(LEAD_ONLY, "has a verb but nothing that it is about")                          \
	X(BARE, "has hardly a word with content")                                        \
	X(FULL, "has much content")                                                      \
	X(ONE_WORD, "is one word")                                                       \
	X(TWO_WORDS, "is two words")                                                     \
	X(THREE_WORDS, "is three words")                                                 \
	X(SHORT, "is short")                                                             \
	X(LONG, "is long")                                                               \
	X(KNOWN_NODE, "names a node of the workflow")                                    \
	X(KNOWN_FIELD, "names a field of the data")                                      \
	X(BIAS, "is a prompt")

#define AGR_FEATURE_ENUM(name, phrase) AGR_FEATURE_##name,
typedef enum agr_feature { AGR_FEATURES(AGR_FEATURE_ENUM) AGR_FEATURE_COUNT } agr_feature;

/* Which features a prompt has, and the word (its index) that each stems from. */
typedef struct agr_feature_set {
	bool has[AGR_FEATURE_COUNT];
	int16_t word[AGR_FEATURE_COUNT]; /* -1: none in particular */
	size_t lead; /* the first word behind what is only polite */
} agr_feature_set;

/* Names known where the prompt was written: of nodes, or of fields. */
typedef struct agr_known_words {
	char **list; /* sorted, lower case */
	size_t n;
} agr_known_words;

void agr_features_find(agr_feature_set *out, const agr_tokens *tokens,
	const agr_known_words *nodes, const agr_known_words *fields);

const char *agr_feature_name(agr_feature feature);
const char *agr_feature_phrase(agr_feature feature);

#endif
