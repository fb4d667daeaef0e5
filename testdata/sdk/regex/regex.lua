-- The functions of regex.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

local function same(got, want) assert(json.encode(got) == json.encode(want), json.encode(got) .. " is not " .. json.encode(want)) end

-- match
assert(regex.match("temp=21.5", [[\d+\.\d+]]) == "21.5")
local year, month, day = regex.match("on 2026-03-01", [[(\d{4})-(\d\d)-(\d\d)]])
assert(year == "2026" and month == "03" and day == "01")
assert(regex.match("abc", [[\d]]) == nil)
assert(regex.match("", "") == "")
local a, b, c = regex.match("x", "(x)|(y)|()")
assert(a == "x" and b == nil and c == nil)
assert(regex.match("HALLO", "(?i)hallo") == "HALLO")
assert(regex.match("é", "^.$") == "é")
assert(regex.match("\255", "^.$") == "\255")

-- find
local first, last, group = regex.find("a temp=21", [[temp=(\d+)]])
assert(first == 3 and last == 9 and group == "21")
assert(regex.find("aXbX", "X", 3) == 4)
assert(regex.find("aXbX", "X", 5) == nil)
assert(regex.find("ab", "^b", 2) == nil, "^ is the beginning of the text, not of the search")
assert(regex.find("ab cd", [[\bcd]], 4) == 4)
assert(regex.find("ab cd", [[\bd]], 5) == nil, "a search sees what stands before it")
assert(regex.find("a\nb", "(?m)^b", 3) == 3)
assert(select("#", regex.find("abc", "b")) == 2)

-- find_all
local all = regex.find_all("a=1, b=22", [[(?P<key>\w)=(\d+)]])
assert(#all == 2)
assert(all[2].text == "b=22" and all[2].first == 6 and all[2].last == 9)
assert(all[1].groups[1] == "a" and all[1].groups.key == "a" and all[2].groups[2] == "22")
same(regex.find_all("abc", [[\d]]), json.array())
assert(#regex.find_all("aaa", "a*?") == 4 and #regex.find_all("aaa", "a*") == 1)
assert(#regex.find_all("aaaa", "a", { limit = 3 }) == 3)
assert(regex.find_all("xy", "(x)|(y)")[1].groups[2] == false)
assert(#regex.find_all("aa", "^a") == 1)
same(regex.find_all("ab ab", [[\bab\b]])[2].first, 4)

-- replace
local text, count = regex.replace("2026-03-01", [[(\d+)-(\d+)-(\d+)]], "$3.$2.$1")
assert(text == "01.03.2026" and count == 1)
assert(regex.replace("a b", [[(?P<w>\w)]], "<${w}>") == "<a> <b>")
assert(regex.replace("ab", "b", "$0$0 costs $$5") == "abb costs $5")
assert(regex.replace("aaa", "a", "b", { limit = 2 }) == "bba")
assert(regex.replace("abc", "", "-") == "-a-b-c-")
assert(regex.replace("abc", "x", "y") == "abc")
assert(regex.replace("ab", "(x)?b", "[$1]") == "a[]")
assert(regex.replace("a1", "(a)", "${1}0") == "a01")

-- split
same(regex.split("hall, kitchen;attic", [[[,;]\s*]]), { "hall", "kitchen", "attic" })
same(regex.split("", ","), { "" })
same(regex.split("a,,b,", ","), { "a", "", "b", "" })
same(regex.split("abc", ""), { "a", "b", "c" })
same(regex.split("a,b,c", ",", { limit = 2 }), { "a", "b,c" })
same(regex.split("abc", "", { limit = 2 }), { "a", "bc" })
same(regex.split("a,b", ",", { limit = 1 }), { "a,b" })

-- a pattern that back-tracking would need ages for
assert(regex.match(string.rep("a", 2000), "(a*)*(a*)*b") == nil)

fails("regex.match: argument 1 (text) must be a string, got nothing", regex.match)
fails("regex.match: argument 2 (pattern) must be a string, got nothing", regex.match, "x")
fails("regex.match: argument 2 (pattern) is not a regular expression (missing closing )", regex.match, "x", "(")
fails("is not a regular expression (invalid or unsupported Perl syntax", regex.match, "x", [[(?=a)]])
fails("is not a regular expression (invalid escape sequence", regex.match, "x", [[(a)\1]])
fails("argument 2 (pattern) is too large (at most 1000 states and 32 groups)", regex.match, "x", "(a{500}){2}b")
fails("argument 2 (pattern) is too large", regex.match, "x", string.rep("()", 40))
fails("argument 2 (pattern) must have at most 1024 bytes, got 2000", regex.match, "x", string.rep("a", 2000))
fails("regex.find: argument 3 (init) must be from 1 to 3, got 4", regex.find, "ab", "a", 4)
fails("regex.replace: argument 3 (replacement) has a $ at byte 3 that names no group", regex.replace, "a", "(a)", "x $2")
fails("that names no group", regex.replace, "a", "a", "${name}")
fails("that names no group", regex.replace, "a", "a", "5 $")
fails('regex.split: argument 3 (options) has the unknown key "max" (known: limit)', regex.split, "a", "a", { max = 1 })
fails('regex.find_all: option "limit" must be at least 1', regex.find_all, "a", "a", { limit = 0 })
assert(regex.match("a.b", [[\Qa.b]]) == "a.b" and #regex.find_all("a.ba.b", [[\Qa.b]]) == 2)
return "ok"
