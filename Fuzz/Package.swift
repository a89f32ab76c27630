// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// One parser under libFuzzer, whose `main` it runs under. `Scripts/fuzz` builds it with the sanitizers that it needs.
func fuzzer(_ name: String, _ products: [String]) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["FuzzSupport"] + products.map { .product(name: $0, package: "causeway") },
        swiftSettings: swiftSettings
    )
}

let package = Package(
    name: "causeway-fuzz",
    dependencies: [.package(name: "causeway", path: "..", traits: [])],
    targets: [
        .target(
            name: "FuzzSupport",
            dependencies: ["CausewayBytes", "CausewayCrypto", "CausewayWire"].map {
                .product(name: $0, package: "causeway")
            },
            swiftSettings: swiftSettings
        ),
        fuzzer("FuzzAddress", ["CausewayBytes"]),
        fuzzer("FuzzFront", ["CausewayBytes", "CausewayFronts"]),
        fuzzer("FuzzHTTPBody", ["CausewayBytes", "CausewayFronts"]),
        fuzzer("FuzzPacket", ["CausewayBytes", "CausewayCrypto", "CausewayWire"]),
        fuzzer("FuzzProxyHeader", ["CausewayBytes", "CausewayFronts"]),
        fuzzer("FuzzRelay", ["CausewayBytes", "CausewayCrypto", "CausewayWire"]),
        fuzzer("FuzzRequest", ["CausewayBytes", "CausewayCrypto", "CausewayWire"]),
        fuzzer("FuzzResponse", ["CausewayBytes", "CausewayCrypto", "CausewayWire"]),
        fuzzer("FuzzStream", ["CausewayBytes", "CausewayCrypto", "CausewayWire"]),
    ]
)
