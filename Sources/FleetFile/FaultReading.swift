internal import Objects
internal import Simulation

/// Reads `faults` of a fleet file.
enum FaultReading {
    static func faults(_ field: Field, hosts: Set<String>) throws(FleetFileError) -> FleetFaults {
        var mapping = try field.mapping()
        var faults = FleetFaults()
        let probabilities: [(String, WritableKeyPath<FleetFaults, Double>)] = [
            ("managementUnreachable", \.managementUnreachable), ("managementFailure", \.managementFailure),
            ("bootFailure", \.bootFailure),
        ]
        for (name, path) in probabilities {
            if let field = mapping.field(name) { faults[keyPath: path] = try field.number(0...1) }
        }
        let rates: [(String, WritableKeyPath<FleetFaults, Double>)] = [
            ("hostCrashesPerHour", \.hostCrashesPerHour), ("agentRestartsPerHour", \.agentRestartsPerHour),
        ]
        for (name, path) in rates {
            if let field = mapping.field(name) { faults[keyPath: path] = try field.number(0...3_600) }
        }
        if let field = mapping.field("messages") { faults.messages = try messages(field) }
        if let field = mapping.field("script") {
            for item in try field.items(atMost: 10_000) { faults.script.append(try scripted(item, hosts: hosts)) }
        }
        try mapping.finish()
        return faults
    }

    private static func messages(_ field: Field) throws(FleetFileError) -> MessageFaults {
        var mapping = try field.mapping()
        var faults = MessageFaults()
        let probabilities: [(String, WritableKeyPath<MessageFaults, Double>)] = [
            ("lost", \.lost), ("answerLost", \.answerLost), ("repeated", \.repeated), ("delayed", \.delayed),
        ]
        for (name, path) in probabilities {
            if let field = mapping.field(name) { faults[keyPath: path] = try field.number(0...1) }
        }
        if let field = mapping.field("delay") { faults.delay = try field.latency() }
        if let field = mapping.field("timeout") { faults.timeout = try field.duration() }
        try mapping.finish()
        return faults
    }

    private static func scripted(_ field: Field, hosts: Set<String>) throws(FleetFileError) -> ScriptedFault {
        var mapping = try field.mapping()
        let after = try mapping.required("at", "2m").duration()
        let hostField = try mapping.required("host", "r64-001")
        let host = try hostField.text()
        guard hosts.contains(host) else {
            throw hostField.error("\"\(host)\" is no host of this fleet", "use a namePrefix and a number of three digits or more")
        }
        let kind = try mapping.required("fault", "crash")
        let fault: HostFault
        switch try kind.text() {
        case "crash": fault = .crash
        case "powerLoss": fault = .powerLoss
        case "agentRestart": fault = .agentRestart
        case "managementOutage": fault = .managementOutage(try mapping.required("for", "90s").duration())
        case "agentSilence": fault = .agentSilence(try mapping.required("for", "90s").duration())
        case "bootFailures": fault = .bootFailures(Int(try mapping.required("count", "1").integer(1...1_000)))
        case let text:
            throw kind.error(
                "\"\(text)\" is an unknown fault",
                "use crash, powerLoss, managementOutage, bootFailures, agentRestart or agentSilence")
        }
        try mapping.finish()
        return ScriptedFault(after: after, hostName: host, fault: fault)
    }
}
