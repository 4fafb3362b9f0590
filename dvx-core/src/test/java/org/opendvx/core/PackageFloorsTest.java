package org.opendvx.core;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** The packages of dvx-core stand on floors; a package uses only floors strictly below its own. */
@AnalyzeClasses(packages = "org.opendvx.core", importOptions = DoNotIncludeTests.class)
class PackageFloorsTest {
  private static final String ROOT = "org.opendvx.core.";

  /** Bottom-up; packages that share a floor do not see each other. */
  private static final List<Set<String>> FLOORS =
      List.of(
          Set.of("error"),
          Set.of("codec", "erasure", "files"),
          Set.of("pool"),
          Set.of("journal", "log"),
          Set.of("tree"),
          Set.of("datastore"),
          Set.of("clean"),
          Set.of("cache", "cluster", "verify"),
          Set.of("peer"),
          Set.of("nfs", "vm"),
          Set.of("prefetch"));

  @ArchTest
  static final ArchRule aPackageUsesOnlyFloorsBelowIt =
      ArchRuleDefinition.classes().should(useOnlyFloorsBelow()).allowEmptyShould(true);

  @ArchTest
  static final ArchRule everyPackageHasItsFloor =
      ArchRuleDefinition.classes().should(standOnAFloor()).allowEmptyShould(true);

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("org.opendvx.(**)").should().beFreeOfCycles().allowEmptyShould(true);

  private static ArchCondition<JavaClass> useOnlyFloorsBelow() {
    return new ArchCondition<>("use only floors below their own") {
      @Override
      public void check(JavaClass user, ConditionEvents events) {
        for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
          JavaClass used = dependency.getTargetClass().getBaseComponentType();
          if (!mayUse(user, used)) {
            events.add(SimpleConditionEvent.violated(user, dependency.getDescription()));
          }
        }
      }
    };
  }

  private static ArchCondition<JavaClass> standOnAFloor() {
    return new ArchCondition<>("be in a package that has a floor") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        if (topPackage(type)
            .map(PackageFloorsTest::floorOf)
            .filter(OptionalInt::isPresent)
            .isEmpty()) {
          events.add(
              SimpleConditionEvent.violated(
                  type, type.getName() + " is in no package of PackageFloorsTest.FLOORS"));
        }
      }
    };
  }

  private static boolean mayUse(JavaClass user, JavaClass used) {
    Optional<String> from = topPackage(user);
    Optional<String> to = topPackage(used);
    if (from.isEmpty() || to.isEmpty() || from.equals(to)) {
      return true;
    }
    OptionalInt fromFloor = floorOf(from.get());
    OptionalInt toFloor = floorOf(to.get());
    return fromFloor.isPresent()
        && toFloor.isPresent()
        && toFloor.getAsInt() < fromFloor.getAsInt();
  }

  /** The first package below the root that holds the class; empty for a class from elsewhere. */
  private static Optional<String> topPackage(JavaClass type) {
    String name = type.getPackageName() + ".";
    if (!name.startsWith(ROOT) || name.equals(ROOT)) {
      return Optional.empty();
    }
    String rest = name.substring(ROOT.length());
    return Optional.of(rest.substring(0, rest.indexOf('.')));
  }

  private static OptionalInt floorOf(String topPackage) {
    for (int floor = 0; floor < FLOORS.size(); floor++) {
      if (FLOORS.get(floor).contains(topPackage)) {
        return OptionalInt.of(floor);
      }
    }
    return OptionalInt.empty();
  }
}
