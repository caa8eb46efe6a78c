internal import Objects
internal import Testing

@Suite struct TimeTests {
    @Test(
        arguments: [
            Case("the epoch", "1970-01-01T00:00:00Z", 0 as Int64),
            Case("a second before it", "1969-12-31T23:59:59Z", -1_000_000),
            Case("a recent time", "2026-01-31T23:59:59Z", 1_769_903_999_000_000),
            Case("a leap day", "2024-02-29T12:00:00Z", 1_709_208_000_000_000),
            Case("a leap day of a century that has one", "2000-02-29T00:00:00Z", 951_782_400_000_000),
            Case("an offset east", "2026-02-01T01:29:59+01:30", 1_769_903_999_000_000),
            Case("an offset west", "2026-01-31T15:59:59-08:00", 1_769_903_999_000_000),
            Case("an offset of nothing", "1970-01-01T00:00:00-00:00", 0),
            Case("one decimal", "1970-01-01T00:00:00.5Z", 500_000),
            Case("six decimals", "1970-01-01T00:00:00.000001Z", 1),
            Case("nine decimals, the last three dropped", "1970-01-01T00:00:00.123456789Z", 123_456),
            Case("decimals before the epoch", "1969-12-31T23:59:59.9Z", -100_000),
            Case("small letters", "1970-01-01t00:00:00z", 0),
            Case("the first moment there is", "0000-01-01T00:00:00Z", -62_167_219_200_000_000),
            Case("the last one", "9999-12-31T23:59:59Z", 253_402_300_799_000_000),
        ] as [Case<String, Int64>])
    func readsRFC3339(_ example: Case<String, Int64>) {
        #expect(Timestamp(rfc3339: example.input)?.microseconds == example.expected)
    }

    @Test(arguments: [
        "", "1970", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01T00:00Z", "-970-01-01T00:00:00Z",
        "-1970-01-01T00:00:00Z",
        "11970-01-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-13-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z",
        "1970-04-31T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:60Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00,5Z", "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+01:60", "1970-01-01T00:00:00ZZ", "1970-01-01T00:00:00Z ", " 1970-01-01T00:00:00Z",
        "197a-01-01T00:00:00Z", "1970-01-01T00:00:00+", "1970-01-01T00:00:00.5", "１970-01-01T00:00:00Z",
    ])
    func refusesOtherTexts(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func writesWhatItReads(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<500 {
            let time = Timestamp(microseconds: Int64.random(in: -62_167_219_200_000_000...253_402_300_799_999_999, using: &random))
            #expect(Timestamp(rfc3339: time.rfc3339Micro) == time)
            #expect(Timestamp(rfc3339: time.rfc3339) == Timestamp(seconds: time.seconds))
            #expect(time.description == time.rfc3339)
        }
    }

    @Test func everyDayFollowsTheOneBefore() {
        // Four centuries: every rule of leap years once, and then the calendar repeats.
        var days = Set<String>()
        var earlier = ""
        for day in 0..<146_097 as Range<Int64> {
            let text = Timestamp(seconds: day * 86_400).rfc3339
            if text <= earlier { Issue.record("\(text) after \(earlier)") }
            earlier = text
            days.insert(text)
        }
        #expect(days.count == 146_097)
        #expect(earlier == "2369-12-31T00:00:00Z")
    }

    @Test func countsSecondsTowardsMinusInfinity() {
        #expect(Timestamp(microseconds: 1_999_999).seconds == 1)
        #expect(Timestamp(microseconds: -1).seconds == -1)
        #expect(Timestamp(microseconds: -1_000_000).seconds == -1)
        #expect(Timestamp(microseconds: -1_000_001).seconds == -2)
        #expect(Timestamp(microseconds: -1).rfc3339Micro == "1969-12-31T23:59:59.999999Z")
    }

    @Test func addsAndSubtracts() {
        let time = Timestamp(seconds: 100)
        #expect(time + .milliseconds(1_500) == Timestamp(microseconds: 101_500_000))
        #expect(time - .seconds(100) == Timestamp(microseconds: 0))
        #expect(time - Timestamp(seconds: 101) == .seconds(-1))
        #expect(Duration.milliseconds(1_500).microseconds == 1_500_000)
        #expect(Duration.milliseconds(-1_500).inSeconds == -1.5)
    }

    @Test(
        arguments: [
            Case("seconds", "10s", Duration.seconds(10)), Case("minutes", "10m", .seconds(600)),
            Case("several units", "1h30m10s", .seconds(5_410)),
            Case("a fraction", "1.5h", .seconds(5_400)), Case("no digits before the point", ".5s", .milliseconds(500)),
            Case("no digits after it", "1.s", .seconds(1)), Case("milliseconds", "500ms", .milliseconds(500)),
            Case("exact tenths", "0.3ms", .microseconds(300)),
            Case("microseconds", "7us", .microseconds(7)), Case("the micro sign", "7\u{b5}s", .microseconds(7)),
            Case("the Greek letter", "7\u{3bc}s", .microseconds(7)),
            Case("nanoseconds", "7ns", .nanoseconds(7)), Case("nothing", "0", .zero), Case("nothing, with a unit", "0s", .zero),
            Case("a sign", "+5s", .seconds(5)), Case("a negative one", "-1m30s", .seconds(-90)),
            Case("a long one", "87600h", .seconds(315_360_000)),
            Case("the longest", "9223372036854775807ns", .nanoseconds(Int64.max)),
            Case("more decimals than count", "1.0000000000000000000001s", .seconds(1)),
        ] as [Case<String, Duration>])
    func readsGoDurations(_ example: Case<String, Duration>) {
        #expect(Duration(goText: example.input) == example.expected)
    }

    @Test(arguments: [
        "", "1", "10", "s", "-", "+", "-s", "1x", "1d", "1 s", " 1s", "1s ", "1.2.3s", ".s", "1m2", "1m-2s", "1e3s", "½h", "1S",
        "9223372036854775808ns", "3000000h",
    ])
    func refusesOtherDurations(text: String) {
        #expect(Duration(goText: text) == nil)
    }
}
