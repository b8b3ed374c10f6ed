package io.foresight;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;

/**
 * Holds the direction of dependencies: spark, then engine and store, then model and reward, then
 * decoding, then settings; never the other way, and never in a circle.
 */
@AnalyzeClasses(packages = "io.foresight", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule LAYERS =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("settings")
          .definedBy("io.foresight.settings..")
          .layer("decoding")
          .definedBy("io.foresight.decoding..")
          .layer("model")
          .definedBy("io.foresight.model..")
          .layer("reward")
          .definedBy("io.foresight.reward..")
          .layer("engine")
          .definedBy("io.foresight.engine..")
          .layer("store")
          .definedBy("io.foresight.store..")
          .layer("spark")
          .definedBy("io.foresight.spark..")
          .whereLayer("decoding")
          .mayOnlyBeAccessedByLayers("model", "reward", "engine", "spark")
          .whereLayer("model")
          .mayOnlyBeAccessedByLayers("engine", "store", "spark")
          .whereLayer("reward")
          .mayOnlyBeAccessedByLayers("engine", "spark")
          .whereLayer("engine")
          .mayOnlyBeAccessedByLayers("spark")
          .whereLayer("store")
          .mayOnlyBeAccessedByLayers("spark")
          .whereLayer("spark")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule SETTINGS_KNOW_NOBODY =
      noClasses()
          .that()
          .resideInAPackage("io.foresight.settings..")
          .should()
          .dependOnClassesThat(
              DescribedPredicate.describe(
                  "are in other rooms",
                  (JavaClass type) ->
                      type.getPackageName().startsWith("io.foresight.")
                          && !type.getPackageName().equals("io.foresight.settings")));

  /** Each package is a room. */
  private static final SliceAssignment ROOMS =
      new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
          return SliceIdentifier.of(type.getPackageName());
        }

        @Override
        public String getDescription() {
          return "rooms";
        }
      };

  @ArchTest
  static final ArchRule NO_CIRCLES = slices().assignedFrom(ROOMS).should().beFreeOfCycles();

  @ArchTest
  static final ArchRule PURE_DECODING =
      noClasses()
          .that()
          .resideInAPackage("io.foresight.decoding..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "ai.djl..", "org.apache..", "scala..", "java.io.File", "java.nio.file..");

  @ArchTest
  static final ArchRule ENGINE_WITHOUT_SPARK =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.foresight.engine..", "io.foresight.model..", "io.foresight.reward..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.spark..", "org.apache.hadoop..", "scala..");
}
