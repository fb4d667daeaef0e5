package runtime

import "testing"

func TestRecordedQuery(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                                 "",
		"hum=55&temp=21.4&id=shellyht-1":   "hum=55&temp=21.4&id=shellyht-1",
		"monkey=1&passenger=2&encoded=%20": "monkey=1&passenger=2&encoded=%20",
		"a=1&&b":                           "a=1&&b",
		"ID=K1&PASSWORD=hunter2&tempf=70":  "ID=K1&PASSWORD=[redacted]&tempf=70",
		"key=x":                            "key=[redacted]",
		"a=1&access_token=t&b":             "a=1&access_token=[redacted]&b",
		"%6Bey=x&ke%79=y":                  "%6Bey=[redacted]&ke%79=[redacted]",
		"PASSKEY=ABC&stationtype=GW1000":   "PASSKEY=[redacted]&stationtype=GW1000",
		"x_signature=aa&token":             "x_signature=[redacted]&token=[redacted]",
		"pwd=1;key=2":                      "pwd=[redacted]",
	} {
		if got := RecordedQuery(query); got != want {
			t.Errorf("%q is recorded as %q, want %q", query, got, want)
		}
	}
}
