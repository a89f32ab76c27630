// swift-tools-version: 6.2
import PackageDescription

/// `CAUSEWAY_WARNINGS=error` makes warnings of our own targets errors; those of dependencies are not ours to mend.
let warnings: [SwiftSetting] =
    Context.environment["CAUSEWAY_WARNINGS"] == "error" ? [.treatAllWarnings(as: .error)] : []

let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        // Overlapping accesses are looked for at run time by debug and sanitized builds, so by unit tests and by the
        // sanitizers' end-to-end tests: looking costs the release build some percent of each datagram.
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    ] + warnings

/// A target of ours: every one is compiled with the same settings.
func target(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

/// The tests of one target, beside the vectors and simulated peers of `TestSupport`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name), "TestSupport"] + dependencies,
        swiftSettings: swiftSettings
    )
}

let package = Package(
    name: "causeway",
    products: [
        .executable(name: "causeway", targets: ["causeway"]),
        // What the package in `Fuzz/` builds on.
        .library(name: "CausewayBytes", targets: ["CausewayBytes"]),
        .library(name: "CausewayCrypto", targets: ["CausewayCrypto"]),
        .library(name: "CausewayFronts", targets: ["CausewayFronts"]),
        .library(name: "CausewayWire", targets: ["CausewayWire"]),
    ],
    traits: [
        .trait(name: "BoringSSL", description: "BoringSSL's AEADs and AES, from swift-crypto, besides OpenSSL's."),
        .default(enabledTraits: ["BoringSSL"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // Without its traits: neither its configuration files nor all of Foundation are wanted.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        // BoringSSL is a part of swift-crypto that it does not offer by itself; without its header the target is empty.
        .target(
            name: "CBoringSSL",
            dependencies: [.product(name: "Crypto", package: "swift-crypto", condition: .when(traits: ["BoringSSL"]))]
        ),
        // Intel's library is loaded at run time; without its header the target is empty.
        .target(name: "CMultiBuffer"),
        // The program is compiled beforehand, by Scripts/bpf.
        .target(name: "CBrutal", exclude: ["brutal.bpf.o", "brutal.bpf.txt"], linkerSettings: [.linkedLibrary("bpf")]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CAres", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        target("CausewayBytes"),
        target("CausewayCrypto", ["CBoringSSL", "CMultiBuffer", "COpenSSL", "CSodium", "CausewayBytes"]),
        target("CausewayWire", ["CausewayBytes", "CausewayCrypto"]),
        target("CausewayFronts", ["CausewayBytes"]),
        target("CausewayCore", ["CausewayBytes", "CausewayCrypto", "CausewayFronts", "CausewayWire"]),
        target("CausewayIO", ["CausewayBytes", "CAres", "CLinux"]),
        target("CausewayBrutal", ["CBrutal"]),
        target(
            "CausewayLedger",
            [
                "CLinux", "CausewayBytes", "CausewayCore", "CausewayCrypto",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]
        ),
        target(
            "CausewayConfig",
            ["CLinux", "CausewayBytes", "CausewayCore", "CausewayCrypto", "CausewayWire", "Yams"]
        ),
        target(
            "CausewayAdmin",
            [
                "CausewayBytes", "CausewayCrypto", .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            resources: [.embedInCode("openapi.json")]
        ),
        target(
            "CausewayNode",
            [
                "CausewayAdmin", "CausewayBytes", "CausewayConfig", "CausewayCore", "CausewayCrypto", "CausewayFronts",
                "CausewayIO", "CausewayLedger", "CausewayWire", .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .executableTarget(
            name: "causeway",
            dependencies: [
                "CQREncode", "CausewayAdmin", "CausewayBrutal", "CausewayBytes", "CausewayConfig", "CausewayCore",
                "CausewayCrypto",
                "CausewayIO", "CausewayNode", "CausewayWire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "TestSupport",
            dependencies: ["CausewayBytes", "CausewayCrypto", "CausewayIO"],
            path: "Tests/TestSupport",
            resources: [.copy("Vectors")],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["CausewayCrypto", "TestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(name: "InteropTests", dependencies: ["TestSupport"], swiftSettings: swiftSettings),
        .executableTarget(name: "link-emulator", path: "Tests/LinkEmulator"),
        .testTarget(name: "LinkTests", dependencies: ["TestSupport", "link-emulator"], swiftSettings: swiftSettings),
        tests(
            "CausewayAdmin",
            [
                "CausewayBytes", "CausewayCrypto", .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests("CausewayBytes"),
        tests("CausewayConfig", ["CausewayBytes", "CausewayCrypto", "CausewayWire"]),
        tests(
            "causeway",
            [
                "CausewayAdmin", "CausewayWire", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests(
            "CausewayNode",
            [
                "CausewayAdmin", "CausewayBytes", "CausewayConfig", "CausewayCore", "CausewayCrypto", "CausewayIO",
                "CausewayLedger",
                "CausewayWire",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests("CausewayFronts", ["CausewayBytes"]),
        tests("CausewayCore", ["CausewayBytes"]),
        tests("CausewayIO", ["CLinux", "CausewayBytes"]),
        tests("CausewayLedger", ["CLinux", "CausewayBytes", "CausewayCore", "CausewayCrypto"]),
        tests("CausewayWire", ["CausewayBytes", "CausewayCrypto"]),
        tests("CausewayCrypto", ["CausewayBytes"]),
    ]
)
