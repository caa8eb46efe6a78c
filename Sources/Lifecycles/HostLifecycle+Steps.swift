internal import Objects

extension HostLifecycle {
    /// A decision, and whether an attempt with a deadline stands behind it.
    struct Step {
        var decision: HostDecision
        var isUnderWay = true
    }

    /// Where what is wanted of the host is no longer what is being done to it: the state to go to, whatever else is waiting.
    func detour(_ host: BareMetalHost) -> HostDecision? {
        let isDeleting = host.metadata.isDeleting
        switch host.state {
        case .none, .registering, .inspecting:
            return isDeleting ? enter(.deleting, host) : nil
        case .available:
            if isDeleting { return enter(.deleting, host) }
            guard let image = host.image, host.isOnline else { return nil }
            return enter(.provisioning, host, image: image, started: .provision)
        case .provisioning, .provisioned:
            guard isDeleting || host.image != host.provisionedImage else { return nil }
            return enter(.deprovisioning, host, image: host.provisionedImage, started: .deprovision)
        case .deprovisioning:
            // Cleaning failed often enough: who deletes the host wants it gone rather than clean.
            return isDeleting && host.errorCount >= settings.deletionAttempts ? enter(.deleting, host) : nil
        case .deleting:
            return host.errorCount >= settings.deletionAttempts ? HostDecision([.removeFinalizer]) : nil
        }
    }

    /// The next step within the host's state.
    func step(for host: BareMetalHost, _ attempt: Attempt, now: Timestamp) -> Step {
        switch host.state {
        case .none:
            return Step(decision: enter(.registering, host, started: .register))
        case .registering:
            if !attempt.done.contains(.register) { return Step(decision: HostDecision([.register])) }
            return Step(decision: enter(.inspecting, host, started: .inspect, ended: .register))
        case .inspecting:
            if !attempt.done.contains(.inspect) { return Step(decision: HostDecision([.inspect])) }
            guard let power = attempt.power else { return Step(decision: HostDecision([.readPower])) }
            return Step(decision: enter(.available, host, poweredOn: power, ended: .inspect))
        case .available: return rest(host, attempt, poweredOn: false, now: now)
        case .provisioning: return Step(decision: provision(host, attempt, now: now))
        case .provisioned: return rest(host, attempt, poweredOn: host.isOnline, now: now)
        case .deprovisioning: return Step(decision: deprovision(host, attempt, now: now))
        case .deleting:
            if host.bmcAddress.isEmpty { return Step(decision: HostDecision([.removeFinalizer])) }
            return Step(decision: power(false, attempt, now: now) ?? HostDecision([.removeFinalizer]))
        }
    }

    /// Off, so that the old user cannot write; the disk; on.
    private func provision(_ host: BareMetalHost, _ attempt: Attempt, now: Timestamp) -> HostDecision {
        guard let image = host.provisionedImage else { return enter(.deprovisioning, host, started: .deprovision) }
        if !attempt.done.contains(.attach(image)) {
            return power(false, attempt, now: now) ?? HostDecision([.attach(image)])
        }
        if host.isOnline, let decision = power(true, attempt, now: now) { return decision }
        return enter(.provisioned, host, poweredOn: host.isOnline, image: image, ended: .provision)
    }

    /// Off, then everything of the last user away, then clean.
    private func deprovision(_ host: BareMetalHost, _ attempt: Attempt, now: Timestamp) -> HostDecision {
        if !attempt.done.contains(.detach) { return power(false, attempt, now: now) ?? HostDecision([.detach]) }
        if !attempt.done.contains(.erase) { return HostDecision([.erase]) }
        return enter(host.metadata.isDeleting ? .deleting : .available, host, poweredOn: false, ended: .deprovision)
    }

    /// A state without work of its own: only the power is kept as it should be.
    private func rest(_ host: BareMetalHost, _ attempt: Attempt, poweredOn wanted: Bool, now: Timestamp) -> Step {
        let isRecorded = host.operationalStatus == "OK" && host.isPoweredOn == wanted
        // What the status says of an unused host is believed: reading the power of a whole pool at every start is not worth it.
        if host.state == .available, isRecorded, attempt.power == nil { return Step(decision: HostDecision(), isUnderWay: false) }
        if let decision = power(wanted, attempt, now: now) { return Step(decision: decision) }
        if !isRecorded { return Step(decision: enter(host.state, host, poweredOn: wanted, image: host.provisionedImage)) }
        guard host.state == .provisioned, let readAt = attempt.powerReadAt else {
            return Step(decision: HostDecision(), isUnderWay: false)
        }
        let wait = readAt + settings.powerCheck - now
        return Step(decision: wait > .zero ? HostDecision(wakeAfter: wait) : HostDecision([.readPower]), isUnderWay: false)
    }

    /// The next step towards that power; `nil` when it was seen in this attempt.
    private func power(_ wanted: Bool, _ attempt: Attempt, now: Timestamp) -> HostDecision? {
        guard let power = attempt.power else { return HostDecision([.readPower]) }
        if power == wanted { return nil }
        guard attempt.powerOrder == wanted, let orderedAt = attempt.powerOrderedAt, now < orderedAt + settings.powerReorder else {
            return HostDecision([.setPower(on: wanted)])
        }
        let wait = (attempt.powerReadAt ?? orderedAt) + settings.powerPoll - now
        return wait > .zero ? HostDecision(wakeAfter: wait) : HostDecision([.readPower])
    }

    /// Writes a state without an error.
    private func enter(
        _ state: BareMetalHost.State, _ host: BareMetalHost, poweredOn: Bool? = nil, image: HostImage? = nil,
        started: HostOperation? = nil, ended: HostOperation? = nil
    ) -> HostDecision {
        HostDecision(
            [.writeStatus],
            status: HostStatusChange(
                state: state, isPoweredOn: poweredOn ?? host.isPoweredOn, image: image, started: started, ended: ended))
    }
}
