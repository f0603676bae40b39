package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// What a request may ask for at most: enough for every lesson, too little to hurt the machine.
const (
	maxByMS    = 10_000
	maxRatio   = 1.0
	maxMiB     = 64
	maxTTLS    = 1800
	maxAfterMS = 10_000
)

var caps = map[string]float64{"by_ms": maxByMS, "ratio": maxRatio, "mib": maxMiB, "ttl_s": maxTTLS}

// RequestError is a mistake in what was asked for, with a way out of it.
type RequestError struct {
	Message string
	Hint    string
}

func (e *RequestError) Error() string { return e.Message }

type rule struct {
	key      string
	max      float64
	whole    bool
	zero     bool
	fallback float64
	required bool
}

var (
	ratioRule = rule{key: "ratio", max: maxRatio, fallback: 1}
	ttlRule   = rule{key: "ttl_s", max: maxTTLS, fallback: 60}

	rules = map[Kind][]rule{
		KindLatency: {{key: "by_ms", max: maxByMS, whole: true, required: true}, ratioRule, ttlRule},
		KindError:   {ratioRule, ttlRule},
		KindMemory:  {{key: "mib", max: maxMiB, whole: true, required: true}, ttlRule},
		KindStall:   {ttlRule},
	}
	crashRules = []rule{{key: "after_ms", max: maxAfterMS, whole: true, zero: true}}
)

// ParseFault is strict, because a mistyped key that was ignored would leave a lab waiting for a
// fault that was never as it asked. An empty body counts as {}.
func ParseFault(kind Kind, body []byte) (Fault, error) {
	values, err := parse(string(kind), rules[kind], body)
	if err != nil {
		return Fault{}, err
	}
	return Fault{
		Kind:  kind,
		Delay: time.Duration(values["by_ms"]) * time.Millisecond,
		Ratio: values["ratio"],
		MiB:   int(values["mib"]),
		TTL:   time.Duration(values["ttl_s"] * float64(time.Second)),
	}, nil
}

// ParseCrash returns how long the process has left.
func ParseCrash(body []byte) (time.Duration, error) {
	values, err := parse("crash", crashRules, body)
	return time.Duration(values["after_ms"]) * time.Millisecond, err
}

func parse(name string, rules []rule, body []byte) (map[string]float64, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	var given map[string]any
	if err := json.Unmarshal(body, &given); err != nil || given == nil {
		return nil, &RequestError{"the body is not a JSON object", `send one such as {"ttl_s":60}`}
	}
	keys := make([]string, len(rules))
	for i, rule := range rules {
		keys[i] = rule.key
	}
	for key := range given {
		if !slices.Contains(keys, key) {
			return nil, &RequestError{
				fmt.Sprintf("unknown key %q", key),
				fmt.Sprintf("%s takes %s", name, strings.Join(keys, ", ")),
			}
		}
	}
	values := map[string]float64{}
	for _, rule := range rules {
		value, err := rule.read(given)
		if err != nil {
			return nil, err
		}
		values[rule.key] = value
	}
	return values, nil
}

func (r rule) read(given map[string]any) (float64, error) {
	refuse := func(reason string) (float64, error) {
		return 0, &RequestError{r.key + " " + reason, r.hint()}
	}
	raw, present := given[r.key]
	if !present {
		if r.required {
			return refuse("is missing")
		}
		return r.fallback, nil
	}
	value, isNumber := raw.(float64)
	if !isNumber || (r.whole && value != math.Trunc(value)) {
		return refuse("has the wrong type")
	}
	if value > r.max || value < 0 || (value == 0 && !r.zero) {
		return refuse("is out of range")
	}
	return value, nil
}

func (r rule) hint() string {
	noun, lower := "number", "above 0"
	if r.whole {
		noun = "whole number"
	}
	if r.zero {
		lower = "from 0"
	}
	return fmt.Sprintf("%s is a %s %s and at most %v", r.key, noun, lower, r.max)
}
