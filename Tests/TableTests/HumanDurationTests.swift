import APIServer
import Objects
import Testing

@Suite("Human durations")
struct HumanDurationTests {
    private static let minute: Int64 = 60
    private static let hour: Int64 = 3_600
    private static let day: Int64 = 86_400
    private static let year: Int64 = 365 * 86_400

    static let long: [(Int64, String)] = [
        (-3, "<invalid>"), (-2, "<invalid>"), (-1, "0s"), (0, "0s"), (1, "1s"), (59, "59s"), (60, "60s"), (119, "119s"),
        (120, "2m"), (121, "2m1s"), (5 * minute + 32, "5m32s"), (10 * minute - 1, "9m59s"),
        (10 * minute, "10m"), (10 * minute + 59, "10m"), (3 * hour - 1, "179m"),
        (3 * hour, "3h"), (3 * hour + 59, "3h"), (3 * hour + minute, "3h1m"), (8 * hour - 1, "7h59m"),
        (8 * hour, "8h"), (8 * hour + 59 * minute, "8h"), (48 * hour - 1, "47h"),
        (2 * day, "2d"), (2 * day + 5 * hour, "2d5h"), (8 * day - 1, "7d23h"), (8 * day, "8d"), (8 * day + 23 * hour, "8d"),
        (324 * day, "324d"), (year, "365d"), (2 * year - 1, "729d"), (2 * year, "2y"), (2 * year + day, "2y1d"),
        (8 * year - 1, "7y364d"), (8 * year, "8y"), (8 * year + 364 * day, "8y"), (30 * year, "30y"),
    ]

    @Test("A duration takes two units only while the smaller one matters", arguments: long)
    func longText(seconds: Int64, text: String) {
        #expect(HumanDuration.text(.seconds(seconds)) == text)
    }

    static let short: [(Int64, String)] = [
        (-2, "<invalid>"), (-1, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (hour - 1, "59m"), (hour, "1h"), (day - 1, "23h"),
        (day, "1d"), (year - 1, "364d"), (year, "1y"), (3 * year - 1, "2y"),
    ]

    @Test("A short duration takes one unit", arguments: short)
    func shortText(seconds: Int64, text: String) {
        #expect(HumanDuration.shortText(.seconds(seconds)) == text)
    }

    @Test(
        "Fractions of a second are cut off towards zero",
        arguments: [(-1_999, "0s"), (-2_000, "<invalid>"), (-1, "0s"), (999, "0s"), (1_999, "1s"), (119_999, "119s"), (120_001, "2m")])
    func fractions(milliseconds: Int64, text: String) {
        #expect(HumanDuration.text(.milliseconds(milliseconds)) == text)
    }

    @Test("An age without a moment is unknown")
    func unknown() {
        let now = Timestamp(seconds: 1_000)
        #expect(HumanDuration.since(nil, now: now) == "<unknown>")
        #expect(HumanDuration.since(Timestamp(rfc3339: "0001-01-01T00:00:00Z"), now: now) == "<unknown>")
        #expect(HumanDuration.since(Timestamp(seconds: 0), now: now) == "16m")
        #expect(HumanDuration.since(Timestamp(seconds: 1_010), now: now) == "<invalid>")
    }
}
