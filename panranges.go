package walletport

// panRange says of PANs with the first four digits from low to high how many digits
// they have. All have a check digit (Luhn).
type panRange struct {
	low, high int
	lengths   panLengths
	who       string // for the reader; docs/pan-guard.md has the sources
}

// panLengths is a set of PAN lengths, a bit for each from 12 to 19 digits.
type panLengths uint8

func digitCounts(counts ...int) panLengths {
	var set panLengths
	for _, n := range counts {
		set |= 1 << (n - minPANDigits)
	}
	return set
}

func (l panLengths) has(n int) bool { return l>>(n-minPANDigits)&1 == 1 }

var (
	only15     = digitCounts(15)
	only16     = digitCounts(16)
	only19     = digitCounts(19)
	from12to19 = digitCounts(12, 13, 14, 15, 16, 17, 18, 19)
	from14to19 = digitCounts(14, 15, 16, 17, 18, 19)
	from16to19 = digitCounts(16, 17, 18, 19)
)

// panRanges are the numbers of all card schemes, not only of those that walletport
// serves: a caller may hold cards of any. Ranges may overlap.
var panRanges = []panRange{
	{1000, 1999, only15, "UATP"},
	{1946, 1946, digitCounts(16, 18, 19), "GPN"},
	{2131, 2131, only15, "JCB, old"},
	{2200, 2205, from16to19, "Mir, BORICA"},
	{2221, 2720, only16, "Mastercard"},
	{3000, 3099, from14to19, "Diners Club"},
	{3100, 3199, only19, "China T-Union"},
	{3400, 3499, only15, "American Express"},
	{3528, 3589, from16to19, "JCB, RuPay, LankaPay"},
	{3600, 3699, from14to19, "Diners Club"},
	{3700, 3799, only15, "American Express"},
	{3800, 3999, from14to19, "Diners Club"},
	{4000, 4999, digitCounts(13, 16, 18, 19), "Visa, and Switch, Dankort and Elo beside it"},
	{5000, 5099, from16to19, "Maestro, Dankort, Elo, Verve, RuPay, GPN"},
	{5018, 5018, from12to19, "Maestro"},
	{5020, 5020, from12to19, "Maestro"},
	{5038, 5038, from12to19, "Maestro"},
	{5100, 5599, only16, "Mastercard, and Diners Club beside it"},
	{5600, 5999, from16to19, "Maestro, Bankcard, UzCard, GPN, AfriGo"},
	{5893, 5893, from12to19, "Maestro"},
	{6000, 6999, from16to19, "Discover, UnionPay, RuPay, Maestro, Hipercard, Elo, Troy, Verve, Laser, InterPayment, InstaPayment, UkrCard, GPN, Dina"},
	{6304, 6304, from12to19, "Maestro"},
	{6759, 6759, from12to19, "Maestro"},
	{6761, 6763, from12to19, "Maestro"},
	{6767, 6767, from12to19, "Maestro, Solo"},
	{8100, 8199, from16to19, "UnionPay, RuPay"},
	{8200, 8299, only16, "RuPay"},
	{8600, 8600, only16, "UzCard"},
	{9410, 9410, only16, "domestic cards of Korea: 9 and the country's number"},
	{9704, 9704, digitCounts(16, 19), "Napas"},
	{9792, 9792, only16, "Troy"},
	{9860, 9860, only16, "Humo"},
	{9891, 9891, only16, "Dina"},
}

// lengthsByPrefix has panRanges by the first four digits.
var lengthsByPrefix = func() (all [10_000]panLengths) {
	for _, r := range panRanges {
		for prefix := r.low; prefix <= r.high; prefix++ {
			all[prefix] |= r.lengths
		}
	}
	return all
}()

// isPANForm reports whether 12 to 19 ASCII digits have prefix, length and check
// digit of a card scheme.
func isPANForm(digits []byte) bool {
	prefix := int(digits[0]-'0')*1000 + int(digits[1]-'0')*100 + int(digits[2]-'0')*10 + int(digits[3]-'0')
	return lengthsByPrefix[prefix].has(len(digits)) && luhnValid(digits)
}
