internal import Objects
internal import Testing

/// What a quantity's text becomes: its canonical text, and its whole units rounded up.
private struct Canonical: Sendable, CustomTestStringConvertible {
    var text: String
    var canonical: String
    var value: Int64

    init(_ text: String, _ canonical: String, _ value: Int64) {
        self.text = text
        self.canonical = canonical
        self.value = value
    }

    var testDescription: String { text }
}

@Suite struct QuantityTests {
    @Test(arguments: [
        // Plain numbers
        Canonical("0", "0", 0), Canonical("00", "0", 0), Canonical("0Ki", "0", 0), Canonical("0e3", "0", 0), Canonical("-0", "0", 0),
        Canonical("1", "1", 1), Canonical("+5", "5", 5), Canonical("1.", "1", 1), Canonical(".5", "500m", 1), Canonical("0.1", "100m", 1),
        Canonical("007", "7", 7), Canonical("1.5", "1500m", 2), Canonical("9.01", "9010m", 10), Canonical("0.0001", "100u", 1),
        Canonical("1000", "1k", 1_000), Canonical("1234000", "1234k", 1_234_000), Canonical("1234567", "1234567", 1_234_567),
        // Decimal suffixes
        Canonical("5n", "5n", 1), Canonical("1000n", "1u", 1), Canonical("4u", "4u", 1), Canonical("3m", "3m", 1),
        Canonical("100m", "100m", 1), Canonical("1000m", "1", 1), Canonical("1080m", "1080m", 2), Canonical("2500m", "2500m", 3),
        Canonical("100k", "100k", 100_000), Canonical("0.1M", "100k", 100_000), Canonical("100.035k", "100035", 100_035),
        Canonical("7M", "7M", 7_000_000), Canonical("1000M", "1G", 1_000_000_000), Canonical("5.444T", "5444G", 5_444_000_000_000),
        Canonical("2.5P", "2500T", 2_500_000_000_000_000), Canonical("1E", "1E", 1_000_000_000_000_000_000),
        Canonical("1.G", "1G", 1_000_000_000), Canonical(".0001k", "100m", 1),
        // Exponents keep their form
        Canonical("1e3", "1e3", 1_000), Canonical("1E3", "1e3", 1_000), Canonical("1e+3", "1e3", 1_000), Canonical("1E-3", "1e-3", 1),
        Canonical("1.2e3", "1200", 1_200), Canonical("1e4", "10e3", 10_000), Canonical("1e14", "100e12", 100_000_000_000_000),
        Canonical(".001e12", "1e9", 1_000_000_000), Canonical("1000e-12", "1e-9", 1), Canonical("0.5e0", "500e-3", 1),
        // Binary suffixes
        Canonical("1Ki", "1Ki", 1_024), Canonical("1024Ki", "1Mi", 1 << 20), Canonical("0.5Gi", "512Mi", 512 << 20),
        Canonical("1.5Gi", "1536Mi", 1_536 << 20), Canonical("1.5Ki", "1536", 1_536), Canonical("1025Ki", "1025Ki", 1_025 << 10),
        Canonical("5Ti", "5Ti", 5 << 40), Canonical("4Pi", "4Pi", 4 << 50), Canonical("3Ei", "3Ei", 3 << 60),
        Canonical("3072Pi", "3Ei", 3 << 60),
        Canonical("0.5Ki", "512", 512), Canonical("0.05Gi", "53687091200m", 53_687_092), Canonical("100.035Ki", "102435840m", 102_436),
        Canonical(".001Ki", "1024m", 2), Canonical(".000001Ki", "1024u", 1), Canonical(".000000001Ki", "1024n", 1),
        Canonical("0.000000000000000000867361737988403547205962240695953369140625Ei", "1", 1),
        // Below one billionth: rounded away from zero
        Canonical("3.001n", "4n", 1), Canonical("0.9n", "1n", 1), Canonical("1.1E-9", "2e-9", 1), Canonical("0.0000000001", "1n", 1),
        Canonical("0.00000012345", "124n", 1), Canonical("0.00000012354", "124n", 1), Canonical(".000000000001Ki", "2n", 1),
        Canonical("1e-1000", "1e-9", 1), Canonical("0.00000000000000000000000000000000000000000000000001", "1n", 1),
        // Large ones: binary ones are capped, decimal ones are not
        Canonical("9223372036854775807", "9223372036854775807", .max), Canonical("9223372036854775808", "9223372036854775808", .max),
        Canonical("2000000000000000001", "2000000000000000001", 2_000_000_000_000_000_001),
        Canonical("18446744073709551616", "18446744073709551616", .max), Canonical("12E", "12E", .max), Canonical("1000E", "1e21", .max),
        Canonical("1e21", "1e21", .max), Canonical("8Ei", "9223372036854775807", .max), Canonical("9Ei", "9223372036854775807", .max),
        Canonical("9223372036854775807Ki", "9223372036854775807", .max), Canonical("1e1000", "1e27", .max),
        Canonical("1000000000000000000000000000000000000000e-39", "1", 1),
        // Negative ones
        Canonical("-1", "-1", -1), Canonical("-100m", "-100m", 0), Canonical("-1.5", "-1500m", -1), Canonical("-1Ki", "-1Ki", -1_024),
        Canonical("-3.001n", "-4n", 0), Canonical("-9Ei", "-9223372036854775807", -.max),
    ])
    fileprivate func readsAndWritesCanonically(_ example: Canonical) throws {
        let quantity = try Quantity(parsing: example.text)
        #expect(quantity.description == example.canonical)
        #expect(quantity.value == example.value)
        let again = try Quantity(parsing: example.canonical)
        #expect(again == quantity)
        #expect(again.description == example.canonical, "the canonical text stays as it is")
    }

    @Test(arguments: [
        "", " 1", "1 ", "a", "1.1.M", "1..1", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-", "1e", "1e1.5", "1K",
        "1ki", "1KI",
        "1mm", "1 Gi", "0x10", "1,5", "--1", "+-1", ".", "-", "-.", "Ki", "m", "e3", "1e3Ki", "١", "1e99999999999999999999", "Infinity",
        "nan",
    ])
    func refuses(text: String) {
        #expect(throws: QuantityError()) { try Quantity(parsing: text) }
    }

    @Test(
        arguments: [
            Case("decimal", "1M", Quantity.Format.decimal), Case("plain", "1", .decimal), Case("binary", "1Mi", .binary),
            Case("zero binary", "0Ki", .binary),
            Case("exponent", "1e6", .exponent), Case("capital exponent", "1E6", .exponent), Case("binary below one", ".0001Ki", .decimal),
        ] as [Case<String, Quantity.Format>])
    func remembersItsFormat(_ example: Case<String, Quantity.Format>) throws {
        #expect(try Quantity(parsing: example.input).format == example.expected)
    }

    @Test(
        arguments: [
            Case("millicores", "250m", 250 as Int64), Case("a core and a half", "1.5", 1_500),
            Case("less than a millicore is one", "100u", 1),
            Case("more than 64 bits are capped", "9223372036854775807", .max), Case("negative ones round up too", "-1500u", -1),
        ] as [Case<String, Int64>])
    func countsThousandths(_ example: Case<String, Int64>) throws {
        #expect(try Quantity(parsing: example.input).milliValue == example.expected)
    }

    @Test func comparesValuesNotTexts() throws {
        let texts = ["1000m", "1", "1e0", "0.001k"]
        let quantities = try texts.map { try Quantity(parsing: $0) }
        #expect(Set(quantities).count == 1)
        #expect(try Quantity(parsing: "10000T") > Quantity(parsing: "100Gi"))
        #expect(try Quantity(parsing: "50m") < Quantity(parsing: "100m"))
        #expect(try Quantity(parsing: "1k") != Quantity(parsing: "1Ki"))
    }

    @Test(
        arguments: [
            Case("equal formats", ("1500m", "0.5"), "2"), Case("the left format", ("1Gi", "1024"), "1048577Ki"),
            Case("the right format, where the left is zero", ("0", "1Gi"), "1Gi"), Case("a capped sum", ("1e1000", "1e1000"), "1e27"),
        ] as [Case<(String, String), String>])
    func adds(_ example: Case<(String, String), String>) throws {
        let sum = try Quantity(parsing: example.input.0) + Quantity(parsing: example.input.1)
        #expect(sum.description == example.expected)
    }

    @Test(
        arguments: [
            Case("to zero", ("1000m", "1"), "0"), Case("below zero", ("0", "1Gi"), "-1Gi"),
            Case("a capped difference", ("-1e1000", "1e1000"), "-1e27"),
        ] as [Case<(String, String), String>])
    func subtracts(_ example: Case<(String, String), String>) throws {
        let difference = try Quantity(parsing: example.input.0) - Quantity(parsing: example.input.1)
        #expect(difference.description == example.expected)
    }

    @Test func isMadeOfNumbers() {
        #expect(Quantity(milli: 1_500).description == "1500m")
        #expect(Quantity(3 << 30, format: .binary).description == "3Gi")
        #expect(Quantity(.min).description == "-9223372036854775808")
        #expect(Quantity(nano: .min).description.hasPrefix("-170141183460469231731687303715884105728n"))
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func canonicalTextReadsBackTheSame(seed: UInt64) throws {
        var random = Seeded(seed)
        let formats: [Quantity.Format] = [.decimal, .binary, .exponent]
        for _ in 0..<200 {
            let nano = Int128(Int64(bitPattern: random.next())) >> Int128(random.below(60))
            let format = formats[random.below(3)]
            let quantity = Quantity(nano: format == .binary && random.below(2) == 0 ? nano * 1_000_000_000 : nano, format: format)
            let again = try Quantity(parsing: quantity.description)
            #expect(again == quantity)
            // A binary quantity without a suffix is read back as a decimal one, in Kubernetes as well.
            if format != .binary { #expect(again.description == quantity.description) }
        }
    }
}
